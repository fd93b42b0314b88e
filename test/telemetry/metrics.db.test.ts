/**
 * Metrics of a whole run: what happened is counted once, and no label tells whose it was.
 */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { beforeAll, expect, test } from 'vitest';
import { startMetricsServer } from '../../src/http/metrics-server.ts';
import { createPrometheus } from '../../src/telemetry/prometheus.ts';
import { at, eventually, textAt } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { metrics, scrape } = createPrometheus({ process: false });
const { api, token, account } = await startTenant({ metrics });
let text = '';

/** The value of a sample, by its name and labels as they are written. */
function sample(name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

beforeAll(async () => {
  const follower = api.ws(token, 'subscription { events { cursor } }');
  await follower.first(() => true);
  const sent = await send(api, token, { envelope: envelope(account) });
  const providerId = textAt(sent, 'data.sendEnvelope.envelope.providerId');
  await api.control('POST', `/envelopes/${providerId}/sign`);
  await api.control('POST', '/idle');
  await send(api, token, { envelope: envelope(randomUUID()) });
  await api.gql(token, '{ nothing }');
  await fetch(`${api.url}/webhooks/made-up-name/${'x'.repeat(43)}`, { method: 'POST', body: '{}' });
  await fetch(`${api.url}/bo@tenant.example`);
  const id = textAt(sent, 'data.sendEnvelope.envelope.id');
  await eventually(async () => {
    const read = await api.gql(token, 'query One($id: ID!) { envelope(id: $id) { status } }', { id });
    return at(read, 'data.envelope.status') === 'COMPLETED';
  });
  ({ text } = await scrape());
});

test('webhooks are counted by provider and by what became of them', async () => {
  const delivered = (await api.ledger('?kind=webhook')).filter(({ outcome }) => outcome === 'delivered').length;
  expect(delivered).toBeGreaterThan(1);
  expect(sample('countersign_webhook_deliveries_total{provider="docusign",outcome="stored"}')).toBe(delivered);
  expect(sample('countersign_webhook_deliveries_total{provider="unknown",outcome="rejected"}')).toBe(1);
  expect(sample('countersign_webhook_batch_deliveries_sum')).toBe(delivered);
  expect(sample('countersign_webhook_commit_seconds_count')).toBe(sample('countersign_webhook_batch_deliveries_count'));
});

test('commands, calls to providers and operations are counted by their outcomes', () => {
  expect(sample('countersign_command_attempt_seconds_count{kind="SEND",state="DONE"}')).toBe(1);
  for (const operation of ['connect', 'createDraft', 'release']) {
    const labels = `provider="DOCUSIGN",operation="${operation}",outcome="ok"`;
    expect(sample(`countersign_provider_call_seconds_count{${labels}}`)).toBe(1);
  }
  const of = (labels: string): number => sample(`countersign_graphql_operation_seconds_count{${labels}}`);
  expect(of('transport="http",type="mutation",outcome="ok"')).toBe(3);
  expect(of('transport="http",type="unknown",outcome="refused"')).toBe(1);
  expect(of('transport="websocket",type="subscription",outcome="ok"')).toBe(1);
  expect(sample('countersign_http_request_seconds_count{route="other",status="4xx"}')).toBe(1);
});

test('the state of queues, streams and the database is read when it is asked for', () => {
  expect(sample('countersign_streams_open')).toBe(1);
  expect(sample('countersign_sockets_open')).toBe(1);
  expect(sample('countersign_streams_tenants')).toBe(1);
  expect(text).toMatch(/^countersign_stream_lag_events \d+$/m);
  expect(sample('countersign_database_up')).toBe(1);
  const pooled = text.includes('countersign_database_connections{state="idle"}');
  expect(pooled).toBe(inject('database') === 'postgres');
});

test('no label names a tenant, an id, an address or what a stranger wrote', () => {
  const labels = [...text.matchAll(/(\w+)="([^"]*)"/g)].filter(([, name]) => name !== 'le');
  expect(labels.length).toBeGreaterThan(10);
  for (const [, , value = ''] of labels) expect(value).toMatch(/^[A-Za-z]+$|^[A-Z]+(_[A-Z]+)+$|^[1-5]xx$/);
});

test('are told at /metrics of a port of their own, and nowhere else', async () => {
  const server = await startMetricsServer({ host: '127.0.0.1', port: 0, scrape, onError: () => undefined });
  atEnd(() => server.close());
  const response = await fetch(server.url);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(await response.text()).toContain('countersign_webhook_deliveries_total');
  expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404);
  expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
});
