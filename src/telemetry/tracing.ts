/**
 * Traces, in terms of the OpenTelemetry API alone: without an SDK in the process each of these is a call of nothing.
 * Attributes are kinds, counts and our own ids; never an address, a name, a text that somebody wrote, or a secret.
 * @module
 */
import { type Attributes, context, propagation, type SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

export { SpanKind } from '@opentelemetry/api';

export interface SpanOptions<T> {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** What is known once the work has ended; `failed` marks the span. */
  readonly ended?: (value: T) => { readonly attributes?: Attributes; readonly failed?: boolean };
}

/** Runs `work` in a span. Of what it throws the class is told and nothing else: messages hold what they were given. */
export function inSpan<T>(name: string, options: SpanOptions<T>, work: () => Promise<T>): Promise<T> {
  const { attributes = {}, kind } = options;
  return trace
    .getTracer('countersign')
    .startActiveSpan(name, { attributes, ...(kind !== undefined && { kind }) }, async (span) => {
      try {
        const value = await work();
        const { attributes = {}, failed = false } = options.ended?.(value) ?? {};
        span.setAttributes(attributes);
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
        return value;
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.constructor.name : typeof error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
}

/** Runs `work` as a part of the trace that the caller's `traceparent` (W3C Trace Context) names. */
export function inTraceOf<T>(headers: object, work: () => T): T {
  return context.with(propagation.extract(context.active(), headers), work);
}
