/**
 * Traces: sent by OTLP to a collector of this test, in the caller's trace, and without a word that anybody wrote.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startTracing } from '../../src/telemetry/otlp.ts';
import { textAt } from '../kit/answer.ts';
import { envelope, SEND } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const Span = z.object({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  attributes: z.array(Attribute).default([]),
});
const Sent = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(Span) })) })),
});

const received: string[] = [];
let spans: z.infer<typeof Span>[] = [];
let token = '';
const collector = createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  req.on('end', () => {
    received.push(body);
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const before = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
  const tracing = await startTracing('countersign');
  if (before === undefined) delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const api = await startTestGateway();
  const tenantId = randomUUID();
  token = await api.token({ tenantId });
  const account = await api.connectSandboxAccount(tenantId);
  const input = { idempotencyKey: 'traced', what: { envelope: envelope(account, { subject: 'Planted subject' }) } };
  const sent = await api.whole(token, SEND, { input }, { traceparent: `00-${TRACE}-${PARENT}-01` });
  await api.control('POST', `/envelopes/${textAt(sent, 'data.sendEnvelope.envelope.providerId')}/sign`);
  await api.control('POST', '/idle');
  await tracing.close();
  spans = received.flatMap((body) =>
    Sent.parse(JSON.parse(body)).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
});
afterAll(() => new Promise<void>((resolve) => collector.close(() => resolve())));

const named = (name: string): z.infer<typeof Span>[] => spans.filter((span) => span.name === name);

test('a send is one trace, which the caller began', () => {
  const mutation = named('graphql mutation').find(({ traceId }) => traceId === TRACE);
  expect(mutation?.parentSpanId).toBe(PARENT);
  const [attempt] = named('command attempt');
  expect(attempt).toMatchObject({ traceId: TRACE, parentSpanId: mutation?.spanId });
  for (const call of ['provider createDraft', 'provider release']) {
    expect(named(call)).toMatchObject([{ traceId: TRACE, parentSpanId: attempt?.spanId }]);
  }
});

test('a batch of webhooks is a trace of its own', () => {
  const batches = named('webhook batch');
  expect(batches.length).toBeGreaterThan(0);
  for (const { traceId } of batches) expect(traceId).not.toBe(TRACE);
});

test('holds what happened, and nothing of what was said', () => {
  const [attempt] = named('command attempt');
  const told = Object.fromEntries((attempt?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));
  expect(told).toMatchObject({ 'countersign.kind': 'SEND', 'countersign.attempt': 1, 'countersign.state': 'DONE' });
  const all = received.join('');
  for (const word of ['Planted subject', 'bo@tenant.example', 'Bo Tenant', token, 'PRIVATE KEY']) {
    expect(all).not.toContain(word);
  }
});
