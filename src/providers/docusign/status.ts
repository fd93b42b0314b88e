/**
 * Reads envelopes: one by its id, many in one request with their recipients.
 * Source: specification of `GET /envelopes` and `GET /envelopes/{id}`. (`PUT /envelopes/status` takes more ids, but
 * tells no recipients.)
 * @module
 */
import { ProviderRefused } from '../../model/problems.ts';
import { json } from '../http.ts';
import type { Reading, ReadRequest } from '../provider.ts';
import { type Api, envelopePath } from './api.ts';
import { envelope, type EnvelopePayload, envelopesInformation } from './payload.ts';
import { sightingOf } from './read.ts';
import { valuesOf } from './values.ts';

/** Ids of one request: 50 GUIDs are 1,850 characters of address. */
export const READ_BATCH = 50;
/** The usage guidelines allow one status read per envelope in this time; reads in lists count as well. */
export const POLLING_INTERVAL_MS = 15 * 60_000;
const INCLUDE = 'recipients,custom_fields';
/** Tabs are told of one envelope alone. */
const INCLUDE_TABS = 'recipients,tabs,custom_fields';
/** Pages of one list that are followed. */
const MAX_PAGES = 20;

/** One that DocuSign doesn't know is left out. */
export async function readMany(api: Api, requests: readonly ReadRequest[]): Promise<Reading[]> {
  const wanted = new Map(requests.map((request) => [request.providerId.toLowerCase(), request]));
  // Lists tell no tabs, so the values of what is over are asked for one by one: once, since an end is final.
  const alone = [...wanted].filter(([, request]) => isAlone(request)).map(([id]) => [id]);
  const together = [...wanted].filter(([, request]) => !isAlone(request)).map(([id]) => id);
  const readings: Reading[] = [];
  for (const ids of [...alone, ...chunks(together)]) {
    for (const payload of await readChunk(api, ids, wanted)) {
      const request = wanted.get(payload.envelopeId.toLowerCase());
      // A list may hold more than was asked for.
      if (request) readings.push(readingOf(payload, request));
    }
  }
  return readings;
}

function isAlone({ sawEnd, fields = [] }: ReadRequest): boolean {
  return sawEnd !== null && fields.length > 0;
}

function readingOf(payload: EnvelopePayload, { sawEnd, fields = [] }: ReadRequest): Reading {
  const sighting = sightingOf(payload, { source: 'READ', sawEnd });
  const values = valuesOf(payload, fields);
  return values.size > 0 ? { ...sighting, values } : sighting;
}

function chunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / READ_BATCH) }, (_, index) =>
    ids.slice(index * READ_BATCH, (index + 1) * READ_BATCH),
  );
}

async function readChunk(
  api: Api,
  ids: readonly string[],
  wanted: ReadonlyMap<string, ReadRequest>,
): Promise<readonly EnvelopePayload[]> {
  const [only] = ids;
  if (ids.length > 1 || only === undefined)
    return listEnvelopes(api, { envelope_ids: ids.join(','), include: INCLUDE });
  const withTabs = (wanted.get(only)?.fields ?? []).length > 0;
  const one = await readEnvelope(api, only, withTabs ? INCLUDE_TABS : INCLUDE);
  return one ? [one] : [];
}

/** Null when there is no such envelope, or none that this account may see. */
export async function readEnvelope(
  api: Api,
  providerId: string,
  include: string = INCLUDE,
): Promise<EnvelopePayload | null> {
  try {
    return await api.call({
      method: 'GET',
      path: envelopePath(providerId, `?include=${include}`),
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
