/**
 * Statements of hot paths, made once for each connection: making one of drizzle's costs as much as running it.
 * @module
 */
import type { Tx } from '../client.ts';

/** `make` says a statement with placeholders. A connection has one `Tx` for its life; PGlite's last one transaction. */
export function perConnection<Statement>(
  make: (tx: Tx) => { prepare(name: string): Statement },
): (tx: Tx) => Statement {
  const made = new WeakMap<Tx, Statement>();
  return (tx) => {
    // What it is called in the database follows from its text: prepared-statements.ts.
    const held = made.get(tx) ?? make(tx).prepare('');
    made.set(tx, held);
    return held;
  };
}
