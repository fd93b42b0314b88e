/**
 * What was planned for a time that has come.
 * @module
 */
import { settle, sign } from './acts.ts';
import { purgeDocuments } from './envelopes.ts';
import { expire, warn } from './lifecycle.ts';
import { isActive, isEnded } from './progress.ts';
import type { Sandbox, Task } from './state.ts';
import { remind } from './turn.ts';

/** What isn't there any more, or isn't asked for any more, is left alone. */
export function runTask(sandbox: Sandbox, task: Task): unknown {
  sandbox.changed();
  if (task.kind === 'retry') return sandbox.connect.retry(task.messageId);
  const envelope = sandbox.envelopes.get(task.envelopeId);
  if (envelope === undefined) return undefined;
  if (task.kind === 'purge') return purgeDocuments(sandbox, envelope, task.state);
  if (isEnded(envelope)) return undefined;
  if (task.kind === 'expire') return expire(sandbox, envelope);
  if (task.kind === 'warn') return warn(sandbox, envelope);
  const recipient = envelope.recipients.find(({ recipientIdGuid }) => recipientIdGuid === task.recipientIdGuid);
  if (recipient === undefined) return undefined;
  if (task.kind === 'settle') return settle(sandbox, envelope, recipient, sandbox.emit);
  if (!isActive(recipient)) return undefined;
  if (task.kind === 'remind') return remind(sandbox, envelope, recipient);
  return sandbox.autoSign === false ? undefined : sign(sandbox, envelope, recipient, {}, sandbox.emit);
}
