/**
 * Reads envelopes: one by its id, many in one request with their recipients.
 * Source: specification of `GET /envelopes` and `GET /envelopes/{id}`. (`PUT /envelopes/status` takes more ids, but
 * tells no recipients.)
 * @module
 */
import type { Sighting } from '../../model/observation.ts';
import { ProviderRefused } from '../../model/problems.ts';
import { json } from '../http.ts';
import type { ReadRequest } from '../provider.ts';
import { type Api, envelopePath } from './api.ts';
import { envelope, type EnvelopePayload, envelopesInformation } from './payload.ts';
import { sightingOf } from './read.ts';

/** Ids of one request: 50 GUIDs are 1,850 characters of address. */
export const READ_BATCH = 50;
/** The usage guidelines allow one status read per envelope in this time; reads in lists count as well. */
export const POLLING_INTERVAL_MS = 15 * 60_000;
const INCLUDE = 'recipients,custom_fields';
/** Pages of one list that are followed. */
const MAX_PAGES = 20;

/** One that DocuSign doesn't know is left out. */
export async function readMany(api: Api, requests: readonly ReadRequest[]): Promise<Sighting[]> {
  const sawEnd = new Map(requests.map((request) => [request.providerId.toLowerCase(), request.sawEnd]));
  const ids = [...sawEnd.keys()];
  const sightings: Sighting[] = [];
  for (let start = 0; start < ids.length; start += READ_BATCH) {
    for (const payload of await readChunk(api, ids.slice(start, start + READ_BATCH))) {
      const sighting = sightingOf(payload, {
        source: 'READ',
        sawEnd: sawEnd.get(payload.envelopeId.toLowerCase()) ?? null,
      });
      // A list may hold more than was asked for.
      if (sawEnd.has(sighting.providerId)) sightings.push(sighting);
    }
  }
  return sightings;
}

async function readChunk(api: Api, ids: readonly string[]): Promise<readonly EnvelopePayload[]> {
  const [only] = ids;
  if (ids.length > 1 || only === undefined)
    return listEnvelopes(api, { envelope_ids: ids.join(','), include: INCLUDE });
  const one = await readEnvelope(api, only);
  return one ? [one] : [];
}

/** Null when there is no such envelope, or none that this account may see. */
export async function readEnvelope(api: Api, providerId: string): Promise<EnvelopePayload | null> {
  try {
    return await api.call({
      method: 'GET',
      path: envelopePath(providerId, `?include=${INCLUDE}`),
      effect: 'SAFE',
      take: json(envelope),
    });
  } catch (error) {
    if (isUnknownEnvelope(error)) return null;
    throw error;
  }
}

/** Every page of a list. Whoever asks gives at least one of `from_date`, `envelope_ids` and `transaction_ids`. */
export async function listEnvelopes(api: Api, query: Readonly<Record<string, string>>): Promise<EnvelopePayload[]> {
  const envelopes: EnvelopePayload[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const start = envelopes.length;
    const parameters = new URLSearchParams({ ...query, ...(start > 0 ? { start_position: String(start) } : {}) });
    const answer = await api.call({
      method: 'GET',
      path: `/envelopes?${parameters}`,
      effect: 'SAFE',
      take: json(envelopesInformation),
    });
    envelopes.push(...(answer.envelopes ?? []));
    const total = Number(answer.totalSetSize ?? 0);
    if (envelopes.length === start || !(total > envelopes.length)) break;
  }
  return envelopes;
}

function isUnknownEnvelope(error: unknown): boolean {
  return error instanceof ProviderRefused && error.fault.providerCode?.toUpperCase() === 'ENVELOPE_DOES_NOT_EXIST';
}
