/**
 * Around every call: the faults that strike it, its errors as answers, its headers and its line in the ledger.
 * @module
 */
import type { Fault } from '../kit/faults.ts';
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import type { Message } from './connect-messages.ts';
import { ApiError } from './errors.ts';
import type { Sandbox } from './state.ts';

const BEFORE: ReadonlySet<string> = new Set(['slow', 'reset', 'status', 'expired-token', 'stale-list', 'acts-late']);
const AFTER: ReadonlySet<string> = new Set(['answer-lost', 'answer-late', 'malformed-json', 'before-answer']);
/** For tests that can't know a client's account: what every API call may be hit by. */
export const CALL_FAULTS: ReadonlySet<string> = new Set([...BEFORE, ...AFTER]);

export interface Outcome {
  answer: HttpAnswer;
  outgoing: readonly Message[];
  envelopeIds: readonly string[];
  polled?: boolean;
}

export async function withFaults(
  sandbox: Sandbox,
  request: HttpRequest,
  route: string,
  accountId: string,
  act: (stale: boolean) => Promise<Outcome>,
): Promise<HttpAnswer> {
  const inPath = /\/envelopes\/([0-9a-f-]{36})/i.exec(request.path)?.[1]?.toLowerCase();
  const opportunity = { route, envelopeIds: inPath === undefined ? [] : [inPath] };
  const faults = sandbox.faults.strike(opportunity, CALL_FAULTS);
  const traceToken = sandbox.random.uuid('trace');
  const finish = (outcome: Outcome): HttpAnswer => {
    const { answer, outgoing } = outcome;
    sandbox.ledger.write('call', {
      method: request.method,
      route,
      status: answer.reset === true ? null : answer.status,
      ...(outcome.envelopeIds.length === 0 ? {} : { envelopeIds: outcome.envelopeIds }),
      ...(outcome.polled === true ? { polledTooEarly: true } : {}),
      ...(faults.length === 0 ? {} : { faults: faults.map((fault) => fault.kind) }),
      traceToken,
    });
    answer.headers = { ...answer.headers, 'X-DocuSign-TraceToken': traceToken, 'X-DocuSign-Node': 'SANDBOX' };
    if (outgoing.length > 0) answer.after = () => void sandbox.connect.dispatch(outgoing);
    return answer;
  };
  const named = (kind: string): Fault | undefined => faults.find((fault) => fault.kind === kind);
  const instead = insteadOfActing(named, () => headers(sandbox, accountId));
  const slow = named('slow');
  if (slow !== undefined) await pause(sandbox, slow.ms ?? 1000);
  if (instead !== undefined) return finish({ answer: instead, outgoing: [], envelopeIds: opportunity.envelopeIds });
  const late = named('acts-late');
  if (late !== undefined) {
    sandbox.clock.after(late.ms ?? 45_000, async () => {
      const outcome = await acted(sandbox, accountId, () => act(false));
      sandbox.ledger.write('call', {
        method: request.method,
        route,
        status: outcome.answer.status,
        envelopeIds: outcome.envelopeIds,
        faults: ['acted-late'],
        traceToken,
      });
      await sandbox.connect.dispatch(outcome.outgoing);
    });
    return finish({ answer: { status: 0, reset: true }, outgoing: [], envelopeIds: [] });
  }
  const outcome = await acted(sandbox, accountId, () => act(named('stale-list') !== undefined));
  return finish(await afterActing(sandbox, outcome, named));
}

/** Errors of the platform are answers too. */
async function acted(sandbox: Sandbox, accountId: string, act: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { answer: errorAnswer(error, headers(sandbox, accountId)), outgoing: [], envelopeIds: [] };
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

async function afterActing(
  sandbox: Sandbox,
  outcome: Outcome,
  named: (kind: string) => Fault | undefined,
): Promise<Outcome> {
  if (named('before-answer') !== undefined) {
    await sandbox.connect.dispatch(outcome.outgoing);
    return { ...outcome, outgoing: [] };
  }
  if (named('answer-lost') !== undefined) return { ...outcome, answer: { status: outcome.answer.status, reset: true } };
  if (named('malformed-json') !== undefined) {
    const body = Buffer.from(outcome.answer.body ?? '');
    return { ...outcome, answer: { ...outcome.answer, body: body.subarray(0, Math.floor(body.length / 2)) } };
  }
  const late = named('answer-late');
  if (late === undefined) return outcome;
  // Connect doesn't wait for an answer that is late.
  void sandbox.connect.dispatch(outcome.outgoing);
  await pause(sandbox, late.ms ?? 1000);
  return { ...outcome, outgoing: [] };
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
