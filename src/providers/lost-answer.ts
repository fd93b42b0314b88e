/**
 * Why a call ended without an answer, and whether any of it can have reached the provider. Says nothing of what was
 * sent: addresses carry no secrets here, headers and bodies do.
 * @module
 */

export interface Lost {
  readonly reason: string;
  /** True only when it is certain that no byte of the request left. */
  readonly beforeSending: boolean;
}

/** Refused before the request is written: the connection's own time limit, and certificates that don't prove the host. */
const BEFORE_SENDING = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** System calls that come before the first byte. */
const CONNECTING = new Set(['connect', 'getaddrinfo']);

/** `timeout` is the reason when it was our own time limit that ended the call, else null. */
export function lostBecause(error: unknown, timeout: string | null): Lost {
  if (timeout !== null) return { reason: timeout, beforeSending: false };
  const { code, syscall } = origin(error);
  if (code === null) return { reason: error instanceof Error ? error.message : 'no answer', beforeSending: false };
  const beforeSending = BEFORE_SENDING.has(code) || (syscall !== null && CONNECTING.has(syscall));
  return { reason: beforeSending ? `no connection (${code})` : `the connection broke (${code})`, beforeSending };
}

/** The system's error under what fetch wraps around it; trying several addresses ends in a list of errors. */
function origin(error: unknown): { code: string | null; syscall: string | null } {
  let here: unknown = error;
  for (let depth = 0; depth < 5 && here instanceof Error; depth += 1) {
    if (here instanceof AggregateError && here.errors.length > 0) here = here.errors[0];
    else if (here.cause instanceof Error) here = here.cause;
    else break;
  }
  return { code: textMember(here, 'code'), syscall: textMember(here, 'syscall') };
}

function textMember(value: unknown, name: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'string' ? member : null;
}
