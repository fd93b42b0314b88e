/**
 * Call budgets per account and per envelope. Always counted; refused only when a limit is set.
 * @module
 */
import { ApiError } from './errors.ts';

const HOUR = 3_600_000;
const BURST = 30_000;
/** At most one status GET per envelope in this time, by the platform's guidelines. */
const POLLING = 900_000;
/** What the headers say when no limit is set: enough that no client slows down. */
const UNLIMITED = 1_000_000;

export interface LimitSettings {
  /** Calls per account and hour. */
  hourly?: number | undefined;
  /** Calls per account in 30 s. */
  burst?: number | undefined;
  /** GETs of one envelope per hour and in 30 s. */
  envelopeGetHourly?: number | undefined;
  envelopeGetBurst?: number | undefined;
  /** PUTs of one envelope. */
  envelopePutHourly?: number | undefined;
  envelopePutBurst?: number | undefined;
  /** The 15-minute rule: only marked in the ledger, or refused. */
  polling: 'off' | 'warn' | 'error';
  /** Lists that name an envelope count as polling it. */
  pollingByLists: boolean;
  /** HTTP status of the account's limits; 400 was captured, 429 is documented today. */
  status: 400 | 429;
  /**
   * Where the first hour and the first 30 s begin, in milliseconds since the epoch of the virtual clock; 0 for full hours, as at
   * the platform. Calls of before aren't counted. A limit that is set begins its windows then, so that what a test sees
   * doesn't depend on how soon the clock hour ends.
   */
  since: number;
}

/** What was counted, to go on with. */
export interface Counted {
  windows: Map<string, Window>;
  lastRead: Map<string, number>;
}

export interface Limits {
  readonly settings: LimitSettings;
  /** Puts these limits in the place of those before, and counts from none. */
  set(settings: LimitSettings): void;
  /** Counts one call of an account; throws when its budget is spent. */
  count(accountId: string): void;
  /** Counts a GET or PUT on envelopes. True when it breaks the 15-minute rule. */
  countEnvelopes(method: string, envelopeIds: readonly string[], isList: boolean): boolean;
  headers(accountId: string | undefined): Record<string, string>;
  /** What still counts: windows that are over are left out. */
  counted(): Counted;
  resume(settings: LimitSettings, counted: Counted): void;
}

interface Window {
  start: number;
  count: number;
}

export function defaultLimits(): LimitSettings {
  return { polling: 'off', pollingByLists: false, status: 429, since: 0 };
}

export function createLimits(now: () => number): Limits {
  let settings = defaultLimits();
  const windows = new Map<string, Window>();
  const lastRead = new Map<string, number>();

  const startOf = (length: number): number => settings.since + Math.floor((now() - settings.since) / length) * length;
  const take = (key: string, length: number): number => {
    const start = startOf(length);
    const window = windows.get(key);
    if (window === undefined || window.start !== start) {
      windows.set(key, { start, count: 1 });
      return 1;
    }
    window.count += 1;
    return window.count;
  };
  const used = (key: string, length: number): number => {
    const window = windows.get(key);
    return window !== undefined && window.start === startOf(length) ? window.count : 0;
  };

  return {
    get settings() {
      return settings;
    },
    set(chosen) {
      settings = chosen;
      windows.clear();
    },
    count(accountId) {
      const { hourly, burst, status } = settings;
      const inBurst = take(`burst/${accountId}`, BURST);
      const inHour = take(`hour/${accountId}`, HOUR);
      if (burst !== undefined && inBurst > burst) {
        throw new ApiError(
          'BURST_APIINVOCATION_LIMIT_EXCEEDED',
          `The maximum number of burst API invocations has been exceeded. The burst limit is ${burst}.`,
          status,
        );
      }
      if (hourly !== undefined && inHour > hourly) {
        throw new ApiError(
          'HOURLY_APIINVOCATION_LIMIT_EXCEEDED',
          `The maximum number of hourly API invocations has been exceeded. The hourly limit is ${hourly}.`,
          status,
        );
      }
    },
    countEnvelopes(method, envelopeIds, isList) {
      if (isList && !settings.pollingByLists) return false;
      const [hourly, burst, word] =
        method === 'GET'
          ? [settings.envelopeGetHourly, settings.envelopeGetBurst, 'Envelope_Polling']
          : [settings.envelopePutHourly, settings.envelopePutBurst, 'APIInvocation_Envelope'];
      let polled = false;
      for (const id of envelopeIds) {
        if (burst !== undefined && take(`${method}/burst/${id}`, BURST) > burst) throw envelopeLimit('Burst', word, id);
        if (hourly !== undefined && take(`${method}/hour/${id}`, HOUR) > hourly)
          throw envelopeLimit('Hourly', word, id);
        if (method !== 'GET') continue;
        const last = lastRead.get(id);
        const tooEarly = last !== undefined && now() - last < POLLING;
        if (!tooEarly) lastRead.set(id, now());
        else if (settings.polling === 'error') throw envelopeLimit('Hourly', word, id);
        polled ||= tooEarly;
      }
      return polled;
    },
    headers(accountId) {
      const hourly = settings.hourly ?? UNLIMITED;
      const burst = settings.burst ?? UNLIMITED;
      return {
        'X-RateLimit-Limit': String(hourly),
        'X-RateLimit-Remaining': String(Math.max(0, hourly - used(`hour/${accountId}`, HOUR))),
        'X-RateLimit-Reset': String(Math.ceil((startOf(HOUR) + HOUR) / 1_000)),
        'X-BurstLimit-Limit': String(burst),
        'X-BurstLimit-Remaining': String(Math.max(0, burst - used(`burst/${accountId}`, BURST))),
      };
    },
    counted() {
      const time = now();
      return {
        windows: new Map([...windows].filter(([, { start }]) => time - start < HOUR)),
        lastRead: new Map([...lastRead].filter(([, at]) => time - at < POLLING)),
      };
    },
    resume(chosen, counted) {
      settings = chosen;
      for (const [key, window] of counted.windows) windows.set(key, window);
      for (const [id, at] of counted.lastRead) lastRead.set(id, at);
    },
  };
}

function envelopeLimit(window: 'Hourly' | 'Burst', word: string, envelopeId: string): ApiError {
  return new ApiError(
    `${window}_${word}_Limit_Exceeded`,
    `The limit of calls on envelope ${envelopeId} has been exceeded.`,
  );
}
