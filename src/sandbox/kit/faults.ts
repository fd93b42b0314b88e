/**
 * Faults waiting to happen: chosen by route, one-shot, counted or by seeded chance.
 * @module
 */
import type { SeededRandom } from './random.ts';

export interface FaultRule {
  /** `POST /envelopes`, with `*` for anything and any name in braces; or `webhook`. */
  route: string;
  kind: string;
  /** How often it strikes; 1 unless told, without end when `probability` is given. */
  times?: number | undefined;
  /** Chance in [0, 1] at each opportunity, drawn from the seed. */
  probability?: number | undefined;
  ms?: number | undefined;
  status?: number | undefined;
  body?: unknown;
  headers?: Record<string, string> | undefined;
  /** Only calls or webhooks of this envelope. */
  envelopeId?: string | undefined;
  /** Webhooks only: this event alone. */
  event?: string | undefined;
}

export interface Fault extends FaultRule {
  id: number;
  /** Strikes left; null = without end. */
  left: number | null;
  struck: number;
}

export interface Opportunity {
  route: string;
  envelopeIds: readonly string[];
  event?: string;
}

export interface Faults {
  add(rule: FaultRule): Fault;
  list(): Fault[];
  remove(id?: number): void;
  /** Goes on with those of an earlier run. */
  resume(faults: readonly Fault[]): void;
  /** The faults that strike now, in the order they were added; those of `kinds` only. Each is counted. */
  strike(opportunity: Opportunity, kinds: ReadonlySet<string>): Fault[];
}

export function createFaults(random: SeededRandom): Faults {
  let faults: { fault: Fault; matches: (route: string) => boolean }[] = [];
  let nextId = 1;
  return {
    add(rule) {
      const left = rule.times ?? (rule.probability === undefined ? 1 : null);
      const fault: Fault = { ...rule, id: nextId++, left, struck: 0 };
      faults.push({ fault, matches: routePattern(rule.route) });
      return fault;
    },
    list: () => faults.map(({ fault }) => fault),
    remove(id) {
      faults = id === undefined ? [] : faults.filter(({ fault }) => fault.id !== id);
    },
    resume(earlier) {
      faults = earlier.map((fault) => ({ fault, matches: routePattern(fault.route) }));
      nextId = Math.max(0, ...earlier.map(({ id }) => id)) + 1;
    },
    strike({ route, envelopeIds, event }, kinds) {
      if (faults.length === 0) return [];
      const struck: Fault[] = [];
      for (const { fault, matches } of faults) {
        if (fault.left === 0 || !kinds.has(fault.kind) || !matches(route)) continue;
        if (fault.envelopeId !== undefined && !envelopeIds.includes(fault.envelopeId)) continue;
        if (fault.event !== undefined && fault.event !== event) continue;
        if (fault.probability !== undefined && random.next(`fault/${fault.id}`) >= fault.probability) continue;
        if (fault.left !== null) fault.left -= 1;
        fault.struck += 1;
        struck.push(fault);
      }
      return struck;
    },
  };
}

/** `PUT /envelopes/{id}` is the same route whatever stands between the braces; `*` matches anything. */
function routePattern(pattern: string): (route: string) => boolean {
  const source = pattern
    .trim()
    .split(/(\{[^}]*\}|\*)/)
    .map((part) =>
      part === '*' ? '.*' : part.startsWith('{') ? '\\{[^}]*\\}' : part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&'),
    )
    .join('');
  const expression = new RegExp(`^${source}$`, 'i');
  return (route) => expression.test(route);
}
