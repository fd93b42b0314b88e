/**
 * The filter of a stream: narrowed to what its token may see, and applied to events that are in memory already.
 * @module
 */
import type { EventFilter, EventRow } from './read.ts';

/** The filter that lets through what `filter` does of the envelopes `allowed`; null allows all. */
export function narrowed(filter: EventFilter, allowed: ReadonlySet<string> | null): EventFilter {
  if (allowed === null) return filter;
  return { ...filter, envelopeIds: (filter.envelopeIds ?? [...allowed]).filter((id) => allowed.has(id)) };
}

/** The same test as the WHERE of `readEvents`. */
export function matcher(filter: EventFilter): (event: EventRow) => boolean {
  const envelopeIds = filter.envelopeIds && new Set(filter.envelopeIds);
  const accountIds = filter.accountIds && new Set(filter.accountIds);
  const types = filter.types && new Set(filter.types);
  const statuses = filter.statuses && new Set(filter.statuses);
  return (event) =>
    (envelopeIds?.has(event.envelopeId) ?? true) &&
    (accountIds?.has(event.accountId) ?? true) &&
    (types?.has(event.type) ?? true) &&
    (statuses?.has(event.status) ?? true);
}
