/**
 * A small dialect of its own for the receiver's tests, envelopes to send news of, and a server to send it to.
 * @module
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../src/db/client.ts';
import { envelopes, recipients } from '../../src/db/tables/envelopes.ts';
import { deliveries, dedupeKeys, parkedObservations } from '../../src/db/tables/inbox.ts';
import { events } from '../../src/db/tables/log.ts';
import { publicId } from '../../src/model/ids.ts';
import { initialState } from '../../src/model/reduce.ts';
import { instantOf, parseInstant } from '../../src/model/time.ts';
import { Unparsable, type WebhookDialect } from '../../src/providers/provider.ts';
import { createWebhookReceiver, type WebhookReceiver, type WebhookReceiverDeps } from '../../src/webhooks/receive.ts';
import type { WebhookRoute } from '../../src/webhooks/incoming.ts';
import { systemWorld } from '../../src/world.ts';

const Message = z.object({
  /** Of the notification: the same when it is sent again. */
  id: z.string(),
  retryCount: z.number().default(0),
  providerId: z.string().nullable(),
  ours: z.string().nullable().default(null),
  status: z.enum(['SENT', 'OPENED', 'COMPLETED', 'DECLINED']),
  reason: z.string().nullable().default(null),
  at: z.string(),
  filler: z.string().default(''),
});
export type Message = z.input<typeof Message>;

export const dialect: WebhookDialect = {
  verify({ headers, body }, keys) {
    const given = Buffer.from(String(headers['x-signature'] ?? ''));
    const matches = (key: string): boolean => {
      const wanted = Buffer.from(sign(body, key));
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    };
    return keys.some(matches) ? null : 'no key of this account made the signature';
  },
  parse({ body }) {
    let json: unknown;
    try {
      json = JSON.parse(body.toString());
    } catch (cause) {
      throw new Unparsable('the body is no JSON', { cause });
    }
    const { id, providerId, ours, status, reason, at } = Message.parse(json);
    const instant = parseInstant(at);
    if (!instant) throw new Unparsable('at: no time');
    if (providerId === null) return { dedupeKey: id, sightings: [] };
    const word = { at: instant, providerStatus: status.toLowerCase() };
    const fact =
      status === 'SENT' || status === 'OPENED'
        ? { kind: 'PROGRESS' as const, status, ...word }
        : { kind: 'END' as const, status, reason, ...word };
    const observation = { source: 'WEBHOOK' as const, sawEnd: null, envelope: [fact], recipients: [], details: [] };
    return { dedupeKey: id, sightings: [{ providerId, envelopeId: ours, observation, incomplete: false }] };
  },
  accepted: { status: 200, headers: { 'x-heard': 'yes' }, body: 'heard' },
  challenge: (headers, keys) =>
    keys.includes(String(headers['x-client'])) ? { status: 200, headers: {}, body: String(headers['x-client']) } : null,
};

export function sign(body: Buffer | string, key: string = KEYS[0]): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

export const KEYS = ['first-key', 'second-key'] as const;

/** One tenant's account, whose webhooks go to `/webhooks/tiny/<secret>`. */
export interface TestAccount extends WebhookRoute {
  readonly secret: string;
}

export function testAccount(tenantId: string = randomUUID()): TestAccount {
  const accountId = randomUUID();
  return {
    tenantId,
    accountId,
    provider: { webhook: dialect },
    providerAccountId: 'provider-account',
    keys: KEYS,
    secret: randomUUID(),
  };
}

export interface TestReceiver {
  readonly receiver: WebhookReceiver;
  readonly url: (account: TestAccount) => string;
  readonly port: number;
  readonly hints: string[][];
  readonly errors: unknown[];
}

/** A receiver on a port of its own, for these accounts; closed after the file. */
export async function testReceiver(
  database: Database,
  accounts: readonly TestAccount[],
  options: Partial<WebhookReceiverDeps> = {},
): Promise<TestReceiver> {
  const hints: string[][] = [];
  const errors: unknown[] = [];
  const receiver = createWebhookReceiver({
    database,
    world: systemWorld(),
    route: async (provider, secret) =>
      provider === 'tiny' ? (accounts.find((account) => account.secret === secret) ?? null) : null,
    hint: (tenantIds) => hints.push([...tenantIds]),
    onError: (error) => errors.push(error),
    ...options,
  });
  const server = createServer((req, res) => {
    if (!receiver.handle(req, res)) res.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(async () => {
    await receiver.drain();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { receiver, port, hints, errors, url: ({ secret }) => `http://127.0.0.1:${port}/webhooks/tiny/${secret}` };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, unknown>;
}

/** Sends raw bytes, signed with the first key unless a signature is given. */
export function post(url: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Answer> {
  return call(url, 'POST', body, { 'content-type': 'application/json', 'x-signature': sign(body), ...headers });
}

export function call(
  url: string,
  method: string,
  body: Buffer | string,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text, headers: res.headers }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

export function message(fields: Partial<Message> & { providerId: string | null }): string {
  return JSON.stringify({ id: randomUUID(), status: 'SENT', at: '2026-01-15T10:00:00Z', ...fields });
}

/** An envelope under way with one recipient, as a send leaves it. */
export async function seedEnvelope(
  database: Database,
  { tenantId, accountId }: TestAccount,
  providerId: string | null,
): Promise<{ id: string; ours: string }> {
  const id = randomUUID();
  await database.withTenants([tenantId], async (tx) => {
    await tx.insert(envelopes).values({
      tenantId,
      id,
      accountId,
      provider: 'DOCUSIGN',
      providerId,
      status: 'SENDING',
      subject: 'Lease 4711',
      state: { ...initialState(instantOf(new Date('2026-01-15T09:00:00Z'))), phase: 'SENDING' as const },
    });
    await tx.insert(recipients).values({
      tenantId,
      id: randomUUID(),
      envelopeId: id,
      position: 0,
      providerRef: '1',
      role: 'SIGNER',
      name: 'Bo Tenant',
      email: 'bo@tenant.example',
      routingOrder: 1,
      embedded: false,
      status: 'WAITING',
    });
  });
  return { id, ours: publicId('Envelope', id) };
}

/** Everything a tenant has, as far as webhooks touch it. */
export async function stored(database: Database, tenantId: string) {
  return database.withTenants([tenantId], async (tx) => ({
    deliveries: await tx.select().from(deliveries).orderBy(deliveries.id),
    keys: await tx.select().from(dedupeKeys),
    envelopes: await tx.select().from(envelopes),
    events: await tx.select().from(events).orderBy(events.sequence),
    parked: await tx.select().from(parkedObservations),
  }));
}
