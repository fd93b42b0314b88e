/**
 * A provider's client with each of its calls measured and traced, whatever methods the provider has.
 * @module
 */
import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from '../model/problems.ts';
import type { ProviderName } from '../model/words.ts';
import type { ProviderClient } from '../providers/provider.ts';
import type { CallOutcome, Metrics } from '../telemetry/metrics.ts';
import { inSpan, SpanKind } from '../telemetry/tracing.ts';
import type { World } from '../world.ts';

export interface Observing {
  readonly provider: ProviderName;
  readonly world: World;
  readonly metrics: Metrics;
  /** After each call, however it ended. */
  readonly called: () => void;
}

export function observedClient(client: ProviderClient, observing: Observing): ProviderClient {
  return new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) =>
        observed(String(name), observing, async () => Reflect.apply(method, target, given));
    },
  });
}

/** Runs `call`, named by the method it stands for, and tells how it ended. */
export async function observed<T>(operation: string, observing: Observing, call: () => Promise<T>): Promise<T> {
  const { provider, world, metrics, called } = observing;
  const began = world.monotonic();
  let outcome: CallOutcome = 'ok';
  try {
    const attributes = { 'countersign.provider': provider, 'countersign.operation': operation };
    return await inSpan(`provider ${operation}`, { kind: SpanKind.CLIENT, attributes }, call);
  } catch (error) {
    outcome = outcomeOf(error);
    throw error;
  } finally {
    metrics.providerCall(provider, operation, outcome, world.monotonic() - began);
    called();
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof OutcomeUnknown) return 'unknown';
  if (error instanceof ProviderRefused) return 'refused';
  if (error instanceof ProviderUnavailable) return error.code === 'RATE_LIMITED' ? 'limited' : 'unavailable';
  return 'failed';
}
