/**
 * Rejects what is asked of the recipients of an envelope that is not out: a draft, one that is being sent, or one that is over.
 * @module
 */
import { WrongState } from '../../model/problems.ts';
import { type EnvelopeStatus, isOut } from '../../model/words.ts';

/** `what`: "be reminded" … */
export function assertUnderWay(status: EnvelopeStatus, what: string, draftFix: string): void {
  if (isOut(status)) return;
  const fix = { DRAFT: draftFix, SENDING: 'Follow its events and try again once it is SENT.' };
  throw new WrongState(
    `Recipients of a ${status} envelope can not ${what}.`,
    status,
    status === 'DRAFT' || status === 'SENDING' ? fix[status] : undefined,
  );
}
