/**
 * Text that Postgres takes: text and jsonb refuse NUL, jsonb also half a surrogate pair. Both may stand in a body whose
 * signature is right, and would fail the whole batch it shares a transaction with.
 * @module
 */
import type { EnvelopeFact, RecipientDetail, RecipientFact, Sighting } from '../model/observation.ts';

export function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** Cleans what the provider wrote freely; times and our own words can't hold such characters. */
export function cleanSighting(sighting: Sighting): Sighting {
  const { observation } = sighting;
  return {
    ...sighting,
    providerId: cleanText(sighting.providerId),
    envelopeId: cleanOrNull(sighting.envelopeId),
    observation: {
      ...observation,
      envelope: observation.envelope.map(cleanFact),
      recipients: observation.recipients.map(cleanRecipient),
      details: observation.details.map(cleanDetail),
    },
  };
}

function cleanFact(fact: EnvelopeFact): EnvelopeFact {
  const providerStatus = cleanText(fact.providerStatus);
  return fact.kind === 'END'
    ? { ...fact, providerStatus, reason: cleanOrNull(fact.reason) }
    : { ...fact, providerStatus };
}

function cleanRecipient(fact: RecipientFact): RecipientFact {
  const { ref, providerStatus, reason } = fact;
  return { ...fact, ref: cleanText(ref), providerStatus: cleanText(providerStatus), reason: cleanOrNull(reason) };
}

function cleanDetail(detail: RecipientDetail): RecipientDetail {
  const { ref, name, email } = detail;
  return { ...detail, ref: cleanText(ref), name: cleanText(name), email: cleanText(email) };
}

function cleanOrNull(text: string | null): string | null {
  return text === null ? null : cleanText(text);
}
