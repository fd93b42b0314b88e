/**
 * A sandbox, a client that speaks to it over HTTP alone, and a receiver of its webhooks.
 * @module
 */
import { createHmac } from 'node:crypto';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PDFDocument } from '@cantoo/pdf-lib';
import { SignJWT, importPKCS8 } from 'jose';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import { control } from '../../src/sandbox/docusign/control.ts';
import { type DocusignSandbox, type SandboxOptions, startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';

export type Json = Record<string, unknown>;

export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON body; `{}` when there is none. */
  body: Json;
  text: string;
}

export interface Client {
  sandbox: DocusignSandbox;
  token: string;
  /** A REST call relative to the account. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A call of the control API. */
  control(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Json>;
  /** Creates and answers the id; fails the test when the status is not 201. */
  create(definition: Json): Promise<string>;
  ledger(query?: string): Promise<Json[]>;
  /** Ledger entries of REST calls, OAuth's left out. */
  calls(): Promise<Json[]>;
}

export async function startClient(
  options: SandboxOptions = {},
  seeding: 'seeded' | 'unseeded' = 'seeded',
): Promise<Client> {
  const sandbox = await startDocusignSandbox(seeding === 'seeded' ? { seed: 42, ...options } : options);
  onTestFinished(() => sandbox.close());
  // A token that outlives the days tests let pass; those about tokens get their own.
  await control(sandbox.url, 'PUT', '/settings', { tokenLifetimeSeconds: 1000 * 86_400 });
  const { token } = await grant(sandbox, await assertion(sandbox));
  await control(sandbox.url, 'PUT', '/settings', { tokenLifetimeSeconds: 3600 });
  const base = `${sandbox.url}/restapi/v2.1/accounts/${sandbox.credentials.accountId}`;
  const client: Client = {
    sandbox,
    token,
    async call(method, path, body, headers = {}) {
      const response = await fetch(base + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined
          ? {}
          : {
              body: typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
            }),
      });
      return readAnswer(response);
    },
    async control(method, path, body) {
      return asJson(await control(sandbox.url, method, path, body));
    },
    async create(definition) {
      const answer = await client.call('POST', '/envelopes', definition);
      if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${answer.text}`);
      return String(answer.body['envelopeId']);
    },
    async ledger(query = '') {
      const { entries } = await client.control('GET', `/ledger${query}`);
      return list(entries);
    },
    async calls() {
      return (await client.ledger('?kind=call')).filter((entry) => !String(entry['route']).includes('/oauth/'));
    },
  };
  return client;
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? asJson(JSON.parse(text)) : {}, text };
}

export function asJson(value: unknown): Json {
  return z.record(z.string(), z.unknown()).parse(value);
}

export function list(value: unknown): Json[] {
  return z.array(z.record(z.string(), z.unknown())).parse(value);
}

/** A signed assertion; `claims` change what it says, `undefined` takes one away. */
export async function assertion(
  sandbox: DocusignSandbox,
  claims: Json = {},
  privateKey = sandbox.credentials.privateKey,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: sandbox.credentials.integrationKey,
    sub: sandbox.credentials.userId,
    aud: new URL(sandbox.url).host,
    iat: now,
    exp: now + 600,
    scope: 'signature impersonation',
    ...claims,
  };
  return new SignJWT(asJson(JSON.parse(JSON.stringify(payload))))
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .sign(await importPKCS8(privateKey, 'RS256'));
}

export async function grant(
  sandbox: DocusignSandbox,
  jwt: string,
  grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer',
): Promise<Answer & { token: string }> {
  const response = await fetch(`${sandbox.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ assertion: jwt, grant_type: grantType }),
  });
  const answer = await readAnswer(response);
  return { ...answer, token: String(answer.body['access_token']) };
}

/** A PDF of so many US Letter pages, as base64. */
export async function pdf(pages = 1): Promise<string> {
  const document = await PDFDocument.create();
  for (let page = 0; page < pages; page += 1) document.addPage([612, 792]);
  return Buffer.from(await document.save()).toString('base64');
}

const onePage = await pdf();

export const ALL_EVENTS = [
  ...['created', 'sent', 'resent', 'delivered', 'completed', 'declined', 'voided', 'corrected', 'purge'].map(
    (word) => `envelope-${word}`,
  ),
  ...[
    'sent',
    'resent',
    'delivered',
    'completed',
    'declined',
    'authenticationfailed',
    'autoresponded',
    'finish-later',
  ].map((word) => `recipient-${word}`),
];

export function signer(recipientId: string, members: Json = {}): Json {
  return {
    recipientId,
    routingOrder: '1',
    name: `Signer ${recipientId}`,
    email: `signer${recipientId}@tenant.example`,
    ...members,
  };
}

/** A sent envelope with one document and one signer, changed by `members`. */
export function definition(members: Json = {}): Json {
  return {
    status: 'sent',
    emailSubject: 'Lease 4711',
    documents: [{ documentId: '1', name: 'lease.pdf', fileExtension: 'pdf', documentBase64: onePage }],
    recipients: { signers: [signer('1')] },
    ...members,
  };
}

export interface Received {
  at: number;
  headers: IncomingHttpHeaders;
  raw: Buffer;
  /** The JSON body, `{}` for XML. */
  body: Json;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** The next status to answer with; 200 when the list is empty. */
  statuses: number[];
  events(): string[];
  subscription(members?: Json): Json;
}

/** Listens for webhooks until the test ends. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      received.push({ at: Date.now(), headers: request.headers, raw, body: parse(raw) });
      response.writeHead(statuses.shift() ?? 200, { location: 'http://127.0.0.1:9/' }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${portOf(server.address())}/hook`;
  return {
    url,
    received,
    statuses,
    events: () =>
      received.map(({ body }) => [body['event'], asJson(body['data'])['recipientId']].filter(Boolean).join(' ')),
    subscription: (members = {}) => ({
      url,
      requireAcknowledgment: 'true',
      loggingEnabled: 'true',
      includeHMAC: 'true',
      deliveryMode: 'SIM',
      events: ALL_EVENTS,
      eventData: { version: 'restv2.1', format: 'json', includeData: [] },
      ...members,
    }),
  };
}

function parse(raw: Buffer): Json {
  try {
    return asJson(JSON.parse(raw.toString('utf8')));
  } catch {
    return {};
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Computed here, not by the sandbox: base64 of HMAC-SHA256, key as text. */
export function hmac(key: string, raw: Buffer): string {
  return createHmac('sha256', key).update(raw).digest('base64');
}
