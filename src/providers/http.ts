/**
 * One call to a provider, told apart into the three outcomes of `provider.ts`. What is safe to repeat is repeated here,
 * a few times and within bounds; a write is said once, and when its answer is lost nobody here guesses.
 * @module
 */
import type { Headers, RequestInit, Response } from 'undici';
import type { z } from 'zod';
import {
  OutcomeUnknown,
  Problem,
  type ProviderFault,
  ProviderRefused,
  ProviderUnavailable,
} from '../model/problems.ts';
import { addMilliseconds } from '../model/time.ts';
import type { World } from '../world.ts';
import { httpDate } from './http-date.ts';
import { type Lost, lostBecause } from './lost-answer.ts';

/** Milliseconds until a call without an answer counts as lost. */
export const SAFE_TIMEOUT_MS = 30_000;
export const WRITE_TIMEOUT_MS = 120_000;
/** A safe call is tried this often, and begins no later than this many milliseconds after its first try. */
const MAX_TRIES = 4;
const PATIENCE_MS = 45_000;
/** Full jitter: a wait is uniform between 0 and twice as long each time, from the first to the last of these. */
const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 8_000;
/** A rate limit that ends later than this is answered at once: whoever asks has a use for the time, and a plan of its own. */
const LIMIT_PATIENCE_MS = 2_000;
/** A limit whose end the provider doesn't tell is taken to last this long. */
const UNTOLD_LIMIT_MS = 1_000;
/** Bytes of an answer that is held in memory. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface Call<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** SAFE: repeating it does no harm. WRITE: said once. */
  readonly effect: 'SAFE' | 'WRITE';
  readonly timeoutMs?: number;
  /** Tries of a SAFE call, where fewer than usual are wanted: somebody waits for the answer. */
  readonly maxTries?: number;
  /** Takes what was asked for from a 2XX answer; throws `UnreadableAnswer` when it isn't there, a `Problem` when it says no. */
  readonly take: (response: Response) => Promise<T>;
}

/** An answer other than 2XX. */
export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What such an answer says in the provider's dialect. */
export interface Explanation {
  readonly fault: ProviderFault;
  /** True when a limit was hit and nothing was done. */
  readonly limited: boolean;
  /** When the provider wants to be asked again, where it says so. */
  readonly retryAt: Date | null;
  /** Where the limit is the whole account's: until when no other call is worth making. */
  readonly blocksUntil?: Date | null;
  /** The remedy, where there is one. */
  readonly fix: string | null;
}

export interface Dialect {
  explain(refusal: Refusal, world: World): Explanation;
  /** Sees the headers of every answer: rate limits are told there. */
  heard?(headers: Headers): void;
  /** Told of an explanation's `blocksUntil`, here or by another replica; nothing leaves before. */
  blockedUntil?(): Date | null;
  blocked?(until: Date): void;
}

/** A 2XX answer whose body isn't what the provider documents. */
export class UnreadableAnswer extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UnreadableAnswer';
  }
}

const LIMITED: ProviderFault = {
  providerCode: null,
  providerMessage: "it is the whole account's, and nothing is asked before it ends",
  providerStatus: null,
  traceId: null,
};

type Outcome<T> =
  | { readonly kind: 'ANSWERED'; readonly value: T }
  | ({ readonly kind: 'REFUSED' } & Explanation)
  /** Nothing was done: it never left, or a limit stopped it. */
  | {
      readonly kind: 'NOT_DONE';
      readonly fault: ProviderFault;
      readonly retryAt: Date | null;
      readonly limited: boolean;
    }
  /** `failed`: see `OutcomeUnknown`. */
  | {
      readonly kind: 'UNKNOWN';
      readonly fault: ProviderFault;
      readonly retryAt: Date | null;
      readonly failed: boolean;
    };

/** Throws `ProviderRefused`, `ProviderUnavailable` or, for a WRITE alone, `OutcomeUnknown`. */
export async function callProvider<T>(world: World, dialect: Dialect, call: Call<T>): Promise<T> {
  const began = world.monotonic();
  for (let tries = 1; ; tries += 1) {
    const blockedUntil = dialect.blockedUntil?.() ?? null;
    if (blockedUntil && blockedUntil > world.now()) {
      throw new ProviderUnavailable(LIMITED, { limited: true, retryAfter: blockedUntil });
    }
    const outcome = await attempt(world, dialect, call);
    if (outcome.kind === 'ANSWERED') return outcome.value;
    const { fault, retryAt } = outcome;
    if (outcome.kind === 'REFUSED') throw new ProviderRefused(fault, outcome.fix === null ? {} : { fix: outcome.fix });
    if (outcome.kind === 'UNKNOWN' && call.effect === 'WRITE') {
      throw new OutcomeUnknown(fault, { failed: outcome.failed, retryAfter: retryAt });
    }
    const wait = waitBefore(world, tries, retryAt);
    const limited = outcome.kind === 'NOT_DONE' && outcome.limited;
    const tooLate = limited ? wait > LIMIT_PATIENCE_MS : world.monotonic() - began + wait > PATIENCE_MS;
    if (call.effect === 'WRITE' || tries >= (call.maxTries ?? MAX_TRIES) || tooLate) {
      const inMs = limited ? Math.max(wait, UNTOLD_LIMIT_MS) : wait;
      const retryAfter = retryAt ?? addMilliseconds(world.now(), inMs);
      throw new ProviderUnavailable(fault, limited ? { limited, retryAfter } : { retryAfter });
    }
    await world.sleep(wait);
  }
}

async function attempt<T>(world: World, dialect: Dialect, call: Call<T>): Promise<Outcome<T>> {
  const { method, url, headers, body, effect, take } = call;
  const limit = call.timeoutMs ?? (effect === 'WRITE' ? WRITE_TIMEOUT_MS : SAFE_TIMEOUT_MS);
  const abort = new AbortController();
  const timer = world.timer(limit, () => abort.abort());
  let status: number | null = null;
  try {
    const init: RequestInit = { method, headers, signal: abort.signal, ...(body === undefined ? {} : { body }) };
    const response = await world.fetch(url, init);
    status = response.status;
    dialect.heard?.(response.headers);
    if (response.ok) return { kind: 'ANSWERED', value: await take(response) };
    const text = await readText(response);
    const explanation = dialect.explain({ status, headers: response.headers, text }, world);
    if (explanation.blocksUntil) dialect.blocked?.(explanation.blocksUntil);
    return judge(explanation, status);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const lost = lostBecause(error, abort.signal.aborted ? `no answer within ${limit} ms` : null);
    return withoutAnswer(lost, new URL(url).host, status);
  } finally {
    timer.cancel();
  }
}

function judge(explanation: Explanation, status: number): Outcome<never> {
  const { fault, limited, retryAt } = explanation;
  if (limited || status === 429) return { kind: 'NOT_DONE', fault, retryAt, limited: true };
  const saysNo = status >= 400 && status < 500 && status !== 408;
  if (saysNo) return { kind: 'REFUSED', ...explanation };
  return { kind: 'UNKNOWN', fault, retryAt, failed: FAILED.has(status) };
}

/** Statuses of a server that has done with the request. A gateway's 502 and 504 say nothing of the server behind it. */
const FAILED: ReadonlySet<number> = new Set([500, 503]);

function withoutAnswer(lost: Lost, host: string, status: number | null): Outcome<never> {
  const fault = {
    providerCode: null,
    providerMessage: `${host}: ${lost.reason}`,
    providerStatus: status,
    traceId: null,
  };
  // An answer that began is proof that the request had left.
  return lost.beforeSending && status === null
    ? { kind: 'NOT_DONE', fault, retryAt: null, limited: false }
    : { kind: 'UNKNOWN', fault, retryAt: null, failed: false };
}

/** Milliseconds: what the provider asked for and a little more, so that not all come back at once; else full jitter. */
function waitBefore(world: World, tries: number, retryAt: Date | null): number {
  const ceiling = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
  const jitter = world.random() * ceiling;
  return retryAt ? Math.max(0, retryAt.getTime() - world.now().getTime()) + jitter : jitter;
}

/** `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date. */
export function retryAfter(headers: Headers, now: Date): Date | null {
  const text = headers.get('retry-after')?.trim();
  if (!text) return null;
  if (/^\d{1,9}$/.test(text)) return addMilliseconds(now, Number(text) * 1000);
  const milliseconds = httpDate(text);
  return milliseconds === null ? null : addMilliseconds(now, Math.max(0, milliseconds - now.getTime()));
}

/** The whole body as text, refused beyond what any documented answer holds. */
export async function readText(response: Response): Promise<string> {
  if (!response.body) return '';
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new UnreadableAnswer(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A `take` for JSON of the given shape. */
export function json<S extends z.ZodType>(schema: S): (response: Response) => Promise<z.output<S>> {
  return async (response) => {
    const value = parseJson(await readText(response));
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new UnreadableAnswer(`unexpected answer at ${issue?.path.join('.') || 'its root'}: ${issue?.message ?? ''}`);
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableAnswer('the answer is no JSON');
  }
}
