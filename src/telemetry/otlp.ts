/**
 * The OpenTelemetry SDK, for who wants traces. Its packages are optional peers, since they weigh more than most of what
 * countersign depends on: they are loaded here, and only when an endpoint is set.
 * @module
 */
import { context, propagation, trace } from '@opentelemetry/api';

/** What must be installed for traces; `npm i` takes it as it stands. */
export const TRACE_PACKAGES = [
  '@opentelemetry/sdk-trace',
  '@opentelemetry/core',
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-http',
] as const;

export class TracingNotInstalled extends Error {
  constructor(options: ErrorOptions) {
    super(
      `OTEL_EXPORTER_OTLP_ENDPOINT is set, and the OpenTelemetry SDK is not installed. Install it: npm i ${TRACE_PACKAGES.join(' ')}`,
      options,
    );
    this.name = 'TracingNotInstalled';
  }
}

export interface Tracing {
  /** Sends what waits, within a few seconds. */
  close(): Promise<void>;
}

/**
 * Sends spans by OTLP over HTTP to where `OTEL_EXPORTER_OTLP_ENDPOINT` says. The SDK reads that, `…_HEADERS`,
 * `…_TIMEOUT` and `OTEL_RESOURCE_ATTRIBUTES` (`service.name` among them) from the environment. Throws TracingNotInstalled.
 */
export async function startTracing(service: string): Promise<Tracing> {
  const sdk = await load();
  const provider = new sdk.TracerProvider({
    // A caller that doesn't sample its trace wants none of ours.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    resource: sdk
      .resourceFromAttributes({ 'service.name': service })
      .merge(sdk.detectResources({ detectors: [sdk.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new sdk.OTLPTraceExporter() })],
  });
  const manager = new sdk.AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  propagation.setGlobalPropagator(new sdk.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    close: async () => {
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      propagation.disable();
      context.disable();
    },
  };
}

async function load() {
  try {
    const [trace, core, hooks, resources, exporter] = await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/core'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
    return { ...trace, ...core, ...hooks, ...resources, ...exporter };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    throw missing ? new TracingNotInstalled({ cause: error }) : error;
  }
}
