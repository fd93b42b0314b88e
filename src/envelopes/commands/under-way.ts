/**
 * When an envelope's recipients can be asked and changed: it is out, and nothing has ended it or is about to.
 * @module
 */
import { WrongState } from '../../model/problems.ts';
import type { EnvelopeStatus, RecipientStatus } from '../../model/words.ts';

export const UNDER_WAY: ReadonlySet<EnvelopeStatus> = new Set(['SENT', 'OPENED', 'PARTIALLY_SIGNED']);

/** What a recipient has done is done. */
export const FINISHED: ReadonlySet<RecipientStatus> = new Set(['SIGNED', 'APPROVED', 'DECLINED']);

/** `what`: "be reminded" … */
export function assertUnderWay(status: EnvelopeStatus, what: string, draftFix: string): void {
  if (UNDER_WAY.has(status)) return;
  const fix = { DRAFT: draftFix, SENDING: 'Follow its events and try again once it is SENT.' };
  throw new WrongState(
    `Recipients of a ${status} envelope can not ${what}.`,
    status,
    status === 'DRAFT' || status === 'SENDING' ? fix[status] : undefined,
  );
}
