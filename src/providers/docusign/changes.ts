/**
 * What has changed in an account since a moment: a page of a list per call.
 * Source: specification of `GET /envelopes`; blog, "Service protection": the guidelines prefer one such list to asking
 * for envelopes one by one.
 * @module
 */
import { json } from '../http.ts';
import type { ChangedPage, ChangedRequest } from '../provider.ts';
import type { Api } from './api.ts';
import { envelopesInformation } from './payload.ts';
import { sightingOf } from './read.ts';

/** Envelopes of one page. More would be allowed, but a page with recipients is read whole into memory. */
export const CHANGED_PAGE = 100;

/**
 * The newest first: what changes while pages are turned moves to the front, so that it may be told twice and nothing
 * slips by between two pages.
 */
export async function changedSince(api: Api, { since, page }: ChangedRequest): Promise<ChangedPage> {
  const start = page === null ? 0 : Number(page);
  const query = new URLSearchParams({
    from_date: since.toISOString(),
    from_to_status: 'changed',
    order_by: 'last_modified',
    order: 'desc',
    count: String(CHANGED_PAGE),
    include: 'recipients,custom_fields',
    ...(start > 0 ? { start_position: String(start) } : {}),
  });
  const answer = await api.call({
    method: 'GET',
    path: `/envelopes?${query}`,
    effect: 'SAFE',
    take: json(envelopesInformation),
  });
  const envelopes = answer.envelopes ?? [];
  const end = start + envelopes.length;
  return {
    sightings: envelopes.map((payload) => sightingOf(payload, { source: 'SWEEP' })),
    next: envelopes.length > 0 && Number(answer.totalSetSize ?? 0) > end ? String(end) : null,
  };
}
