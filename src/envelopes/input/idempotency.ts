/**
 * A key is used once. The row is the claim: a unique key decides between two requests, not a look before the leap.
 * @module
 */
import { createHash } from 'node:crypto';
import { and, eq, gt, lte } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { idempotencyKeys } from '../../db/tables/commands.ts';
import { IDEMPOTENCY_KEY_DAYS } from '../../model/limits.ts';
import { KeyReused } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';

export interface Claim {
  readonly tenantId: string;
  readonly operation: string;
  readonly key: string;
  readonly requestHash: string;
  /** The row this request will make or change, if the claim is its. */
  readonly resultId: string;
}

/**
 * Claims the key in the caller's transaction; waits while another transaction is claiming it. Answers the row that the
 * key stands for: `resultId` when the claim is ours, an earlier request's when this is a repetition. Throws KeyReused
 * when that request had another input.
 */
export async function claimKey(tx: Tx, claim: Claim, now: Date): Promise<string> {
  const { requestHash, resultId } = claim;
  await tx.delete(idempotencyKeys).where(and(isKey(claim), lte(idempotencyKeys.expiresAt, now)));
  const expiresAt = addMilliseconds(now, IDEMPOTENCY_KEY_DAYS * 86_400_000);
  const claimed = await tx
    .insert(idempotencyKeys)
    .values({ ...claim, expiresAt })
    .onConflictDoNothing()
    .returning({ id: idempotencyKeys.resultId });
  if (claimed.length > 0) return resultId;
  const [held] = await tx.select().from(idempotencyKeys).where(isKey(claim));
  if (held?.requestHash !== requestHash) throw new KeyReused();
  return held.resultId;
}

/** Whether the key stands for an earlier request, seen without claiming it. */
export async function isKeyKnown(tx: Tx, key: KeyOfClaim, now: Date): Promise<boolean> {
  const held = await tx
    .select({ id: idempotencyKeys.resultId })
    .from(idempotencyKeys)
    .where(and(isKey(key), gt(idempotencyKeys.expiresAt, now)));
  return held.length > 0;
}

type KeyOfClaim = Pick<Claim, 'tenantId' | 'operation' | 'key'>;

function isKey({ tenantId, operation, key }: KeyOfClaim) {
  return and(
    eq(idempotencyKeys.tenantId, tenantId),
    eq(idempotencyKeys.operation, operation),
    eq(idempotencyKeys.key, key),
  );
}

/** The same for every input that means the same, whatever the order of its members. */
export function hashRequest(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input, sortMembers)).digest('base64url');
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
