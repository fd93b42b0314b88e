/**
 * The first half of a send: a draft that carries our ids, and the way back to it when its answer was lost.
 * Source: specification of `POST /envelopes` and `GET /envelopes`; blog, "Use a transactionId to find the envelope you
 * created". A second POST with one transactionId may make a second envelope: it is a look-up key and no more.
 * @module
 */
import { z } from 'zod';
import type { EnvelopeContent } from '../../model/envelope.ts';
import { addMilliseconds, type Instant, parseInstant } from '../../model/time.ts';
import { json, UnreadableAnswer } from '../http.ts';
import type { Correlation, Draft } from '../provider.ts';
import { withSecondTry } from '../second-try.ts';
import type { Api } from './api.ts';
import { draftDefinition } from './definition.ts';
import { type EnvelopePayload, envelopesInformation } from './payload.ts';
import { CUSTOM_FIELD, ourId, wordOf } from './read.ts';
import { listEnvelopes, readEnvelope } from './status.ts';
import { DRAFT_WORDS } from './words.ts';

/** How much earlier than our first attempt an envelope may seem made: clocks differ. */
const CLOCK_MARGIN_MS = 15 * 60_000;

/** One queued for later answers without an id: that is no draft yet, and found by look-up. */
const created = z.object({ envelopeId: z.string().min(1), statusDateTime: z.string() });

export async function createDraft(
  api: Api,
  content: EnvelopeContent,
  correlation: Correlation,
  webhookUrl: string | null,
): Promise<Draft> {
  const body = await draftDefinition(content, correlation.commandId, webhookUrl, api.world.now());
  const create = (): Promise<Draft> =>
    api.call({
      method: 'POST',
      path: '/envelopes',
      body,
      effect: 'WRITE',
      take: async (response) => {
        const { envelopeId, statusDateTime } = await json(created)(response);
        const at = parseInstant(statusDateTime);
        if (!at) throw new UnreadableAnswer('the draft has no time that can be read');
        return { providerId: envelopeId.toLowerCase(), at };
      },
    });
  return withSecondTry(api.world, create, () => findDraft(api, correlation));
}

export async function findDraft(api: Api, correlation: Correlation): Promise<Draft | null> {
  return (await findByTransaction(api, correlation)) ?? (await findByCustomField(api, correlation));
}

/** Known for 7 days. */
async function findByTransaction(api: Api, { commandId }: Correlation): Promise<Draft | null> {
  const query = new URLSearchParams({ transaction_ids: commandId });
  const { envelopeTransactionStatuses } = await api.call({
    method: 'GET',
    path: `/envelopes?${query}`,
    effect: 'SAFE',
    take: json(envelopesInformation),
  });
  const found = envelopeTransactionStatuses?.find(
    ({ transactionId, envelopeId }) => transactionId?.toLowerCase() === commandId.toLowerCase() && envelopeId,
  );
  if (!found?.envelopeId) return null;
  const envelope = await readEnvelope(api, found.envelopeId);
  return envelope && draftOf(envelope);
}

async function findByCustomField(api: Api, { envelopeId, since }: Correlation): Promise<Draft | null> {
  const envelopes = await listEnvelopes(api, {
    from_date: addMilliseconds(since, -CLOCK_MARGIN_MS).toISOString(),
    custom_field: `${CUSTOM_FIELD}=${envelopeId}`,
    include: 'custom_fields',
  });
  // A list may hold more than was asked for.
  const ours = envelopes.filter((envelope) => ourId(envelope) === envelopeId);
  // Should an earlier attempt have been released, that one counts.
  const sent = ours.find(({ status }) => !DRAFT_WORDS.has(wordOf(status)));
  const found = sent ?? ours[0];
  return found ? draftOf(found) : null;
}

function draftOf(envelope: EnvelopePayload): Draft | null {
  const at = madeAt(envelope);
  return at && { providerId: envelope.envelopeId.toLowerCase(), at };
}

function madeAt({ createdDateTime, initialSentDateTime, sentDateTime }: EnvelopePayload): Instant | null {
  const text = createdDateTime ?? initialSentDateTime ?? sentDateTime;
  return text ? parseInstant(text) : null;
}
