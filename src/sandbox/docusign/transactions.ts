/**
 * Look-up by `transactionId`, which the platform remembers for seven days.
 * @module
 */
import type { Envelope, Sandbox } from './state.ts';
import { DAY } from './values.ts';

const KEPT = 7 * DAY;

/** Newest envelope with that id, as long as it is remembered. */
export function findTransaction(sandbox: Sandbox, accountId: string, transactionId: string): Envelope | undefined {
  return findTransactions(sandbox, accountId, transactionId).at(-1);
}

/** All of them: nothing on the platform is known to refuse a second create. */
export function findTransactions(sandbox: Sandbox, accountId: string, transactionId: string): Envelope[] {
  const oldest = sandbox.clock.now() - KEPT;
  return (sandbox.transactions.get(`${accountId}/${transactionId}`) ?? []).filter(
    (envelope) => envelope.createdAt > oldest,
  );
}

export function rememberTransaction(sandbox: Sandbox, envelope: Envelope): void {
  if (envelope.transactionId === undefined) return;
  const key = `${envelope.accountId}/${envelope.transactionId}`;
  const envelopes = sandbox.transactions.get(key);
  if (envelopes === undefined) sandbox.transactions.set(key, [envelope]);
  else envelopes.push(envelope);
}
