/**
 * For what the database guarantees to be there.
 * @module
 */
import type { EnvelopeRow, LoggedEnvelope } from '../envelopes/state/read.ts';
import { publicId } from '../model/ids.ts';
import type { Context } from './context.ts';

/** The row, or an error that says what should have been there: a bug, so it leaves masked. */
export async function found<T>(row: Promise<T | null>, what: string): Promise<T> {
  const value = await row;
  if (value === null) throw new Error(`the ${what} of a row is missing`);
  return value;
}

/** The row with its place in the log, read again: what a mutation made may have gone on since. */
export async function logged({ loaders }: Context, row: EnvelopeRow): Promise<LoggedEnvelope> {
  return found(loaders.envelope.load(row.id), publicId('Envelope', row.id));
}
