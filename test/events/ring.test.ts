import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/events/read.ts';
import { createRing } from '../../src/events/ring.ts';

function row(sequence: number): EventRow {
  return {
    tenantId: 't',
    sequence: BigInt(sequence),
    id: 'i',
    envelopeId: 'e',
    accountId: 'a',
    type: 'ENVELOPE_SENT',
    occurredAt: new Date(0),
    recordedAt: new Date(0),
    source: 'READ',
    status: 'SENT',
    recipientId: null,
    recipientStatus: null,
  };
}
const rows = (from: number, to: number): EventRow[] =>
  Array.from({ length: to - from + 1 }, (_, index) => row(from + index));
const numbers = (found: readonly EventRow[] | null): number[] | null =>
  found && found.map(({ sequence }) => Number(sequence));

describe('the ring', () => {
  it('knows nothing while it is empty', () => {
    expect(createRing(4).after(0n, 10)).toBeNull();
  });

  it('answers what follows a place, up to the limit, or null for a place it has forgotten', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 25 }),
        (start, sizes, keep, limit) => {
          const ring = createRing(keep);
          let end = start;
          for (const size of sizes) {
            ring.push(rows(end + 1, end + size));
            end += size;
          }
          for (let after = start; after <= end; after += 1) {
            const found = numbers(ring.after(BigInt(after), limit));
            const there = numbers(rows(after + 1, Math.min(end, after + limit)));
            expect([null, there]).toContainEqual(found);
            expect(found !== null || after < end - keep).toBe(true);
          }
        },
      ),
    );
  });

  it('forgets what lies before a gap', () => {
    const ring = createRing(10);
    ring.push(rows(1, 3));
    ring.push(rows(6, 7));
    expect(ring.after(2n, 10)).toBeNull();
    expect(numbers(ring.after(5n, 10))).toEqual([6, 7]);
  });
});
