/**
 * Changes an envelope's status: releases a draft, voids what is out. Both may be repeated: what already is as it was
 * wished counts as done, and a read decides whenever the answer doesn't say.
 * Source: specification of `PUT /envelopes/{id}`; blog, "Void an Envelope".
 * @module
 */
import type { Response } from 'undici';
import { z } from 'zod';
import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from '../../model/problems.ts';
import { readText } from '../http.ts';
import { withSecondTry } from '../second-try.ts';
import { type Api, envelopePath } from './api.ts';
import type { EnvelopePayload } from './payload.ts';
import { presentable } from '../fault.ts';
import { wordOf } from './read.ts';
import { remedyOf, traceOf } from './refusals.ts';
import { readEnvelope } from './status.ts';

export async function release(api: Api, providerId: string): Promise<void> {
  await withSecondTry(api.world, () => change(api, providerId, { status: 'sent' }, wentOut));
}

export async function voidEnvelope(api: Api, providerId: string, reason: string): Promise<void> {
  const wish = { status: 'voided', voidedReason: reason };
  await withSecondTry(api.world, () => change(api, providerId, wish, isVoided));
}

/** A draft that is thrown away was never sent, whatever its word is now. */
function wentOut({ sentDateTime, initialSentDateTime, status }: EnvelopePayload): boolean {
  return Boolean(initialSentDateTime || sentDateTime) && wordOf(status) !== 'created';
}

function isVoided({ status }: EnvelopePayload): boolean {
  return wordOf(status) === 'voided';
}

/** Looks before it gives up. */
async function change(
  api: Api,
  providerId: string,
  wish: Readonly<Record<string, string>>,
  isDone: (envelope: EnvelopePayload) => boolean,
): Promise<void> {
  try {
    await api.call({ method: 'PUT', path: envelopePath(providerId), body: wish, effect: 'WRITE', take: changed });
  } catch (error) {
    if (!(error instanceof ProviderRefused || error instanceof OutcomeUnknown)) throw error;
    if (await isDoneAlready(api, providerId, isDone, error)) return;
    throw error;
  }
}

async function isDoneAlready(
  api: Api,
  providerId: string,
  isDone: (envelope: EnvelopePayload) => boolean,
  because: ProviderRefused | OutcomeUnknown,
): Promise<boolean> {
  try {
    const envelope = await readEnvelope(api, providerId);
    return envelope !== null && isDone(envelope);
  } catch (error) {
    // A refusal may be the echo of an earlier attempt that did it: without the read nobody knows.
    if (error instanceof ProviderUnavailable) {
      throw new OutcomeUnknown(because.fault, { cause: error, retryAfter: error.retryAfter });
    }
    throw because;
  }
}

export const errorDetails = z.object({ errorCode: z.string(), message: z.string().catch('') });
export type ErrorDetails = z.output<typeof errorDetails>;

const summary = z.object({ errorDetails: errorDetails.nullish() });

/** The body of a success is described in several ways, so any will do; but a refusal may hide in it. */
export async function changed(response: Response): Promise<void> {
  const text = await readText(response);
  const { errorDetails } = summary.safeParse(jsonOrNull(text)).data ?? {};
  refuseBy(errorDetails, response);
}

/** A refusal inside an answer with status 200. */
export function refuseBy(details: ErrorDetails | null | undefined, { status, headers }: Response): void {
  if (!details || details.errorCode === '' || details.errorCode.toUpperCase() === 'SUCCESS') return;
  throw new ProviderRefused(
    {
      providerCode: presentable(details.errorCode),
      providerMessage: presentable(details.message || details.errorCode),
      providerStatus: status,
      traceId: traceOf(headers),
    },
    remedyOf(details.errorCode),
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
