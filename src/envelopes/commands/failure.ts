/**
 * A provider's refusal or silence as it is kept on envelopes and commands, and the problem it is answered as.
 * @module
 */
import type { Failure } from '../../model/envelope.ts';
import {
  NotTheirTurn,
  OutcomeUnknown,
  Problem,
  ProviderRefused,
  ProviderUnavailable,
  type ProviderFault,
  RecipientFinished,
  WrongState,
} from '../../model/problems.ts';
import { instantOf } from '../../model/time.ts';
import type { EnvelopeRow } from '../state/edit.ts';

const NO_FAULT: ProviderFault = { providerCode: null, providerMessage: '', providerStatus: null, traceId: null };

export function failureOf(error: unknown, now: Date): Failure {
  const at = instantOf(now);
  if (error instanceof ProviderRefused || error instanceof ProviderUnavailable) {
    return { ...error.fault, code: error.code, message: error.message, fix: error.fix, at };
  }
  if (error instanceof OutcomeUnknown) {
    const what = error.failed ? 'The provider failed' : 'The answer was lost';
    return {
      ...error.fault,
      code: 'PROVIDER_UNAVAILABLE',
      message: `${what}: ${error.fault.providerMessage}`,
      at,
    };
  }
  if (error instanceof Problem)
    return {
      ...NO_FAULT,
      providerMessage: error.message,
      code: error.code,
      message: error.message,
      fix: error.fix,
      ...(error instanceof RecipientFinished && { recipientStatus: error.recipientStatus }),
      at,
    };
  // A bug of ours: logged where it happened, and told without its text, which could hold anything.
  return {
    ...NO_FAULT,
    code: 'PROVIDER_UNAVAILABLE',
    message: 'The attempt failed inside countersign; it is tried again.',
    at,
  };
}

/** The refusal of an earlier attempt, said again. */
export function refusalOf(failure: Failure, { id: envelope, status }: Pick<EnvelopeRow, 'id' | 'status'>): Problem {
  const { code, message, providerCode, providerMessage, providerStatus, traceId, fix, recipientStatus } = failure;
  if (code === 'WRONG_STATE') return new WrongState(message, status, fix ?? undefined);
  if (code === 'NOT_THEIR_TURN') return new NotTheirTurn();
  if (recipientStatus) return new RecipientFinished(recipientStatus);
  return new ProviderRefused(
    { providerCode, providerMessage, providerStatus, traceId },
    { envelope, ...(typeof fix === 'string' && { fix }) },
  );
}
