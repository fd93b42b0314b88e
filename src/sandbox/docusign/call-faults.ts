/**
 * Around every call: the faults that strike it, its errors as answers, its headers and its line in the ledger.
 * @module
 */
import type { Fault } from '../kit/faults.ts';
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import type { Message } from './connect-messages.ts';
import { ApiError } from './errors.ts';
import type { Sandbox } from './state.ts';

const STRIKE_EARLY: ReadonlySet<string> = new Set([
  'slow',
  'reset',
  'status',
  'expired-token',
  'stale-list',
  'acts-late',
  'answer-lost',
  'answer-late',
  'malformed-json',
]);
/** Strikes only when the call has webhooks to send, so that a one-shot isn't spent on a read. */
const BEFORE_ANSWER: ReadonlySet<string> = new Set(['before-answer']);
/** Everything a call can be hit by. */
export const CALL_FAULTS: ReadonlySet<string> = new Set([...STRIKE_EARLY, ...BEFORE_ANSWER]);

/** What a call leaves behind while it acts, whether it ends well or not. */
export interface Traces {
  outgoing: Message[];
  envelopeIds: string[];
  polled: boolean;
  /** A list must show what was, not what is. */
  stale: boolean;
}

export async function withFaults(
  sandbox: Sandbox,
  request: HttpRequest,
  route: string,
  accountId: string,
  act: (traces: Traces) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const inPath = /\/envelopes\/([0-9a-f-]{36})/i.exec(request.path)?.[1]?.toLowerCase();
  const named = inPath === undefined ? [] : [inPath];
  const faults = sandbox.faults.strike({ route, envelopeIds: named }, STRIKE_EARLY);
  const struck = (kind: string): Fault | undefined => faults.find((fault) => fault.kind === kind);
  const traceToken = sandbox.random.uuid('trace');
  const traces: Traces = { outgoing: [], envelopeIds: [], polled: false, stale: struck('stale-list') !== undefined };

  const record = (status: number | null, kinds: readonly string[]): void => {
    const envelopeIds = [...new Set([...named, ...traces.envelopeIds])];
    sandbox.ledger.write('call', {
      method: request.method,
      route,
      status,
      ...(envelopeIds.length === 0 ? {} : { envelopeIds }),
      ...(traces.polled ? { polledTooEarly: true } : {}),
      ...(kinds.length === 0 ? {} : { faults: kinds }),
      traceToken,
    });
  };
  const finish = (answer: HttpAnswer): HttpAnswer => {
    record(
      answer.reset === true ? null : answer.status,
      faults.map((fault) => fault.kind),
    );
    answer.headers = { ...answer.headers, 'X-DocuSign-TraceToken': traceToken, 'X-DocuSign-Node': 'SANDBOX' };
    const waiting = traces.outgoing.splice(0);
    if (waiting.length > 0) answer.after = () => void sandbox.connect.dispatch(waiting);
    return answer;
  };

  const slow = struck('slow');
  if (slow !== undefined) await pause(sandbox, slow.ms ?? 1000);
  const instead = insteadOfActing(struck, () => headers(sandbox, accountId));
  if (instead !== undefined) return finish(instead);
  const actsLate = struck('acts-late');
  if (actsLate !== undefined) {
    sandbox.clock.after(actsLate.ms ?? 45_000, async () => {
      const { status } = await acted(sandbox, accountId, () => act(traces));
      record(status, ['acted-late']);
      await sandbox.connect.dispatch(traces.outgoing.splice(0));
    });
    return finish({ status: 0, reset: true });
  }

  const answer = await acted(sandbox, accountId, () => act(traces));
  const opportunity = { route, envelopeIds: traces.envelopeIds };
  if (traces.outgoing.length > 0) faults.push(...sandbox.faults.strike(opportunity, BEFORE_ANSWER));
  if (struck('before-answer') !== undefined) {
    await sandbox.connect.dispatch(traces.outgoing.splice(0));
  }
  const late = struck('answer-late');
  if (late !== undefined) {
    // Connect doesn't wait for an answer that is late.
    void sandbox.connect.dispatch(traces.outgoing.splice(0));
    await pause(sandbox, late.ms ?? 1000);
  }
  if (struck('answer-lost') !== undefined) return finish({ status: answer.status, reset: true });
  if (struck('malformed-json') === undefined) return finish(answer);
  const body = Buffer.from(answer.body ?? '');
  return finish({ ...answer, body: body.subarray(0, Math.floor(body.length / 2)) });
}

/** Errors of the platform are answers too. */
async function acted(sandbox: Sandbox, accountId: string, act: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return errorAnswer(error, headers(sandbox, accountId));
  }
}

function insteadOfActing(
  named: (kind: string) => Fault | undefined,
  limitHeaders: () => Record<string, string>,
): HttpAnswer | undefined {
  if (named('reset') !== undefined) return { status: 0, reset: true };
  if (named('expired-token') !== undefined) {
    return errorAnswer(
      new ApiError('AUTHORIZATION_INVALID_TOKEN', 'The access token provided is expired, revoked or malformed.', 401),
      limitHeaders(),
    );
  }
  const fault = named('status');
  if (fault === undefined) return undefined;
  const status = fault.status ?? 500;
  const html = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
  const body =
    fault.body === undefined ? html : typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body);
  const contentType = typeof fault.body === 'object' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
  return { status, headers: { ...limitHeaders(), 'Content-Type': contentType, ...fault.headers }, body };
}

function pause(sandbox: Sandbox, ms: number): Promise<void> {
  return new Promise((resolve) => {
    sandbox.clock.after(ms, resolve);
  });
}

export function headers(sandbox: Sandbox, accountId: string): Record<string, string> {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-cache',
    ...sandbox.limits.headers(accountId.toLowerCase()),
  };
}

export function errorAnswer(error: ApiError, common: Record<string, string>): HttpAnswer {
  return {
    status: error.status,
    headers: common,
    body: JSON.stringify({ errorCode: error.errorCode, message: error.message }),
  };
}
