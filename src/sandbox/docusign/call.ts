/**
 * One REST call on an account, as its handler sees it, and what a handler gives back.
 * @module
 */
import type { HttpRequest } from '../kit/http.ts';
import { invalidBody, invalidParameter, unknownEnvelope } from './errors.ts';
import type { Account, Emit, Envelope, Sandbox, User } from './state.ts';
import { commaList, isGuid } from './values.ts';

export interface Call {
  sandbox: Sandbox;
  request: HttpRequest;
  params: Record<string, string>;
  account: Account;
  user: User;
  /** Connect hears of it when the answer has left. */
  emit: Emit;
  /** Envelopes this call asked for or changed, for the ledger and the polling guard. */
  envelopeIds: string[];
  /** A list must show what was, not what is. */
  stale: boolean;
}

export interface Reply {
  status: number;
  /** Answered as JSON. */
  json?: unknown;
  /** Answered as it is. */
  bytes?: Uint8Array;
  headers?: Record<string, string>;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

export function ok(json: unknown): Reply {
  return { status: 200, json };
}

/** The body as JSON; an empty one is `{}`, as SDKs send nothing or `{}` alike. */
export function jsonBody(call: Call): unknown {
  if (call.request.body.length === 0) return {};
  try {
    return JSON.parse(call.request.body.toString('utf8'));
  } catch {
    throw invalidBody();
  }
}

export function jsonObject(call: Call): Record<string, unknown> {
  const value = jsonBody(call);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidBody();
  return Object.fromEntries(Object.entries(value));
}

/** The envelope of the path; its id is noted for the ledger. */
export function envelopeOf(call: Call): Envelope {
  const id = (call.params['envelopeId'] ?? '').toLowerCase();
  if (!isGuid(id)) throw invalidParameter('Invalid value specified for envelopeId.');
  call.envelopeIds.push(id);
  const envelope = call.sandbox.envelopes.get(id);
  if (envelope === undefined || envelope.accountId !== call.account.accountId)
    throw unknownEnvelope(call.request.method);
  return envelope;
}

/** A query parameter by name, case ignored. Of a repeated one the first counts, or all, by the setting. */
export function query(call: Call, name: string): string | undefined {
  const values = [...call.request.query].filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return call.sandbox.settings.repeatedParameters === 'all' && values.length > 0 ? values.join(',') : values[0];
}

export function queryList(call: Call, name: string): string[] | undefined {
  return commaList(query(call, name));
}

export function includes(call: Call): Set<string> {
  return new Set(queryList(call, 'include')?.map((word) => word.toLowerCase()));
}
