/**
 * Recipients of an envelope that is out: asked again, or corrected. Who they are and in which group is read first, since
 * a correction in the wrong group would be another recipient, and someone may have been there before us.
 * Source: specification of `PUT /envelopes/{id}/recipients` and of `resend_envelope`.
 * @module
 */
import type { Response } from 'undici';
import { z } from 'zod';
import {
  NotTheirTurn,
  OutcomeUnknown,
  Problem,
  ProviderRefused,
  ProviderUnavailable,
  RecipientFinished,
} from '../../model/problems.ts';
import { json } from '../http.ts';
import type { CorrectRequest, RemindRequest } from '../provider.ts';
import { withSecondTry } from '../second-try.ts';
import { type Api, envelopePath } from './api.ts';
import { changed, errorDetails, refuseBy } from './change.ts';
import { type RecipientPayload, recipientRef } from './payload.ts';
import { wordOf } from './read.ts';
import { readEnvelope } from './status.ts';
import { RECIPIENT_GROUPS } from './words.ts';

type Group = keyof typeof RECIPIENT_GROUPS;

interface Found {
  readonly group: Group;
  readonly payload: RecipientPayload;
}

/** Groups of one who is at it are named in the answer of a read; the name says where a change of them belongs. */
const GROUPS = Object.keys(RECIPIENT_GROUPS) as Group[];

/** `signed` is `completed` a moment earlier. */
const FINISHED: ReadonlySet<string> = new Set(['completed', 'signed', 'declined']);

/** All whose turn it is by a change of nothing; one by a correction of nothing. */
export async function remind(api: Api, { providerId, ref }: RemindRequest): Promise<void> {
  if (ref === null) {
    const path = envelopePath(providerId, '?resend_envelope=true');
    return api.call({ method: 'PUT', path, body: {}, effect: 'WRITE', take: changed });
  }
  const found = await findRecipient(api, providerId, ref);
  refuseFinished(found);
  if (wordOf(found.payload.status) === 'created') throw new NotTheirTurn();
  return put(api, providerId, found.group, { recipientId: ref }, true);
}

export async function correctRecipient(api: Api, request: CorrectRequest): Promise<void> {
  const { providerId, ref, name, email, notify } = request;
  const found = await findRecipient(api, providerId, ref);
  if (isAsWished(found, request)) return;
  refuseFinished(found);
  const change = { recipientId: ref, ...(name === null ? {} : { name }), ...(email === null ? {} : { email }) };
  await withSecondTry(api.world, async () => {
    try {
      await put(api, providerId, found.group, change, notify);
    } catch (error) {
      if (!(error instanceof ProviderRefused || error instanceof OutcomeUnknown)) throw error;
      if (!(await isCorrected(api, request, error))) throw error;
    }
  });
}

/** Looked up after a refusal, which may be the echo of what was done, and after a lost answer. */
async function isCorrected(
  api: Api,
  request: CorrectRequest,
  because: ProviderRefused | OutcomeUnknown,
): Promise<boolean> {
  try {
    const found = await findRecipient(api, request.providerId, request.ref);
    if (isAsWished(found, request)) return true;
    refuseFinished(found);
    return false;
  } catch (error) {
    if (error instanceof RecipientFinished) throw error;
    if (error instanceof ProviderUnavailable) {
      throw new OutcomeUnknown(because.fault, { cause: error, retryAfter: error.retryAfter });
    }
    if (error instanceof Problem) throw because;
    throw error;
  }
}

async function findRecipient(api: Api, providerId: string, ref: string): Promise<Found> {
  const envelope = await readEnvelope(api, providerId);
  for (const group of GROUPS) {
    const payload = envelope?.recipients?.[group]?.find(({ recipientId }) => recipientId === ref);
    if (payload) return { group, payload };
  }
  throw new ProviderRefused(
    {
      providerCode: null,
      providerMessage: envelope
        ? 'DocuSign has no such recipient any more.'
        : 'DocuSign has no such envelope any more.',
      providerStatus: null,
      traceId: null,
    },
    { fix: 'Read the envelope again: someone may have changed it at DocuSign.' },
  );
}

function isAsWished({ payload }: Found, { name, email }: CorrectRequest): boolean {
  return (name === null || payload.name === name) && (email === null || payload.email === email);
}

function refuseFinished({ group, payload }: Found): void {
  const word = wordOf(payload.status);
  if (!FINISHED.has(word)) return;
  if (word === 'declined') throw new RecipientFinished('DECLINED');
  // A copy is "completed" when it has been told.
  throw new RecipientFinished(RECIPIENT_GROUPS[group] === 'SIGNER' ? 'SIGNED' : 'NOTIFIED');
}

const results = z.object({
  recipientUpdateResults: z
    .array(z.object({ recipientId: recipientRef, errorDetails: errorDetails.nullish() }))
    .nullish(),
});

/** Answered with 200 even when it was refused: the verdict stands beside each recipient. */
async function put(
  api: Api,
  providerId: string,
  group: Group,
  member: Readonly<Record<string, string>>,
  resend: boolean,
): Promise<void> {
  await api.call({
    method: 'PUT',
    path: envelopePath(providerId, `/recipients${resend ? '?resend_envelope=true' : ''}`),
    body: { [group]: [member] },
    effect: 'WRITE',
    take: async (response: Response) => {
      const { recipientUpdateResults } = await json(results)(response);
      for (const result of recipientUpdateResults ?? []) {
        if (result.recipientId === member['recipientId']) refuseBy(result.errorDetails, response);
      }
    },
  });
}
