/**
 * What really happened, in order: the record a test compares a client's belief with. Nothing is dropped or
 * changed once written; only a reset empties it.
 * @module
 */

/** One line. `at` is virtual time (ISO 8601); the other members depend on `kind`. */
export interface LedgerEntry {
  seq: number;
  at: string;
  kind: string;
  event?: string;
  envelopeId?: string;
  [member: string]: unknown;
}

export interface LedgerQuery {
  kind?: string | undefined;
  event?: string | undefined;
  envelopeId?: string | undefined;
  /** Only entries with a greater `seq`. */
  after?: number | undefined;
}

export interface Ledger {
  write(kind: string, members: Record<string, unknown>): void;
  read(query?: LedgerQuery): LedgerEntry[];
  /** Number of entries by kind, and within a kind by event, outcome or route. */
  summary(): Record<string, { total: number; by: Record<string, number> }>;
  /** Goes on after the lines of an earlier ledger, of which the oldest may be missing. */
  resume(lines: readonly LedgerEntry[]): void;
}

export function createLedger(now: () => number): Ledger {
  let entries: LedgerEntry[] = [];
  /** Lines before the first one that is here. */
  let missing = 0;
  return {
    write(kind, members) {
      entries.push({ seq: missing + entries.length + 1, at: new Date(now()).toISOString(), kind, ...members });
    },
    read({ kind, event, envelopeId, after = 0 } = {}) {
      return entries
        .slice(Math.max(0, after - missing))
        .filter(
          (entry) =>
            (kind === undefined || entry.kind === kind) &&
            (event === undefined || entry.event === event) &&
            (envelopeId === undefined || mentions(entry, envelopeId)),
        );
    },
    summary() {
      const counts: Record<string, { total: number; by: Record<string, number> }> = {};
      for (const entry of entries) {
        const count = (counts[entry.kind] ??= { total: 0, by: {} });
        const label = String(entry['outcome'] ?? entry['route'] ?? entry.event ?? 'other');
        count.total += 1;
        count.by[label] = (count.by[label] ?? 0) + 1;
      }
      return counts;
    },
    resume(lines) {
      entries = [...lines];
      missing = (lines[0]?.seq ?? 1) - 1;
    },
  };
}

function mentions(entry: LedgerEntry, envelopeId: string): boolean {
  const asked = entry['envelopeIds'];
  return entry.envelopeId === envelopeId || (Array.isArray(asked) && asked.includes(envelopeId));
}
