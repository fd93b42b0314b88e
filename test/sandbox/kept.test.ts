/** A sandbox with a directory: what it knows, and what it was about to do, outlive its process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, test, expect } from 'vitest';
import { BOUNDS, openKept, VERSION } from '../../src/sandbox/docusign/kept.ts';
import { type SandboxOptions, startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { StateUnreadable } from '../../src/sandbox/kit/store.ts';
import { asJson, type Client, definition, list, signer, startClient, startReceiver } from './harness.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-kept-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function start(directory: string, options: SandboxOptions = {}): Promise<Client> {
  return startClient({ directory, ...options }, 'unseeded');
}

/** Ends it as a stop does, and starts another on the same directory. */
async function restarted(client: Client, directory: string, options: SandboxOptions = {}): Promise<Client> {
  await client.sandbox.close();
  return start(directory, options);
}

test('a restart knows everything: envelopes, documents, mails, ledger, clock, people, keys, tokens, settings, faults, limits', async () => {
  const directory = newDirectory();
  const before = await start(directory);
  const { accountId } = before.sandbox.credentials;
  const receiver = await startReceiver();
  const id = await before.create(definition({ transactionId: 'wish-1' }));
  const signed = await before.create(definition());
  await before.control('POST', `/envelopes/${signed}/sign`);
  const download = await before.call('GET', `/envelopes/${signed}/documents/1`);
  await before.call('POST', '/connect', {
    urlToPublishTo: receiver.url,
    allowEnvelopePublish: 'true',
    events: ['envelope-voided'],
    name: 'mine',
  });
  await before.control('POST', `/accounts/${accountId}/hmac-keys`, { key: 'a-second-key' });
  await before.control('POST', '/users', { name: 'Eve', accountIds: [accountId] });
  await before.control('PUT', '/settings', { listLagMs: 7 });
  await before.control('PUT', '/limits', { hourly: 500, polling: 'warn' });
  await before.control('PUT', '/autosign', { autoSign: { afterMs: 90 * DAY } });
  await before.control('POST', '/faults', { route: 'GET /envelopes', kind: 'reset', times: 3 });
  await before.control('POST', '/clock', { advanceMs: 3 * DAY });
  const [state, ledger] = [await before.control('GET', '/state'), await before.ledger()];

  const after = await restarted(before, directory);
  expect(after.sandbox.run).toBe(before.sandbox.run);
  expect(after.sandbox.credentials.hmacKeys).toEqual([...before.sandbox.credentials.hmacKeys, 'a-second-key']);
  const { now: _, url: _url, seed: _seed, ...known } = state;
  expect(await after.control('GET', '/state')).toMatchObject(known);
  expect((await after.ledger()).slice(0, ledger.length)).toEqual(ledger);
  expect((await after.ledger()).map(({ seq }) => seq)).toEqual((await after.ledger()).map((_line, index) => index + 1));
  const ahead = Date.parse(String((await after.control('GET', '/clock'))['now'])) - Date.now();
  expect(Math.abs(ahead - 3 * DAY)).toBeLessThan(60_000);
  expect((await after.call('GET', `/envelopes/${signed}/documents/1`)).text).toBe(download.text);
  const found = await after.call('PUT', '/envelopes/status?transaction_ids=wish-1', {});
  expect(list(found.body['envelopes'])).toMatchObject([{ envelopeId: id }]);
  const configurations = await after.call('GET', '/connect');
  expect(list(configurations.body['configurations'])).toMatchObject([{ name: 'mine' }]);
  const newer = await after.create(definition());
  expect([id, signed]).not.toContain(newer);
});

test('a token and a signing link of before go on', async () => {
  const directory = newDirectory();
  const before = await start(directory);
  const id = await before.create(definition({ recipients: { signers: [signer('1', { clientUserId: 'u1' })] } }));
  const view = await before.call('POST', `/envelopes/${id}/views/recipient`, {
    returnUrl: 'http://127.0.0.1:9/back',
    authenticationMethod: 'none',
    clientUserId: 'u1',
    userName: 'Signer 1',
    email: 'signer1@tenant.example',
  });
  const link = new URL(String(view.body['url']));
  const after = await restarted(before, directory);
  const { origin } = new URL(after.sandbox.url);
  const page = await fetch(`${origin}${link.pathname}${link.search}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Lease 4711');
  const base = `${after.sandbox.url}/restapi/v2.1/accounts/${after.sandbox.credentials.accountId}`;
  const read = await fetch(`${base}/envelopes/${id}`, { headers: { authorization: `Bearer ${before.token}` } });
  expect(asJson(await read.json())['status']).toBe('delivered');
});

test('a webhook that nobody took is tried again when its time comes, and only once it goes on', async () => {
  const directory = newDirectory();
  const receiver = await startReceiver();
  receiver.statuses.push(500, 500);
  const before = await start(directory);
  await before.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  await before.control('POST', '/idle');
  expect(receiver.received).toHaveLength(1);
  const after = await restarted(before, directory);
  await after.control('POST', '/clock', { advanceMs: HOUR });
  expect(receiver.received).toHaveLength(1);
  after.sandbox.resume();
  await expect.poll(() => receiver.received.length).toBe(2);
  await after.control('POST', '/idle');
  await after.control('POST', '/clock', { advanceMs: HOUR });
  await after.control('POST', '/idle');
  expect(receiver.received.map(({ body }) => body['retryCount'])).toEqual([0, 1, 2]);
  expect(list((await after.call('GET', '/connect/failures')).body['failures'])).toEqual([]);
});

test('a webhook that was not sent yet is sent once the sandbox goes on', async () => {
  const directory = newDirectory();
  const receiver = await startReceiver();
  const before = await start(directory);
  await before.control('POST', '/faults', { route: 'webhook', kind: 'delay', ms: DAY });
  await before.create(definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }));
  expect(receiver.received).toEqual([]);
  const after = await restarted(before, directory);
  after.sandbox.resume();
  await after.control('POST', '/idle');
  expect(receiver.events()).toEqual(['envelope-sent']);
  await after.control('POST', '/clock', { advanceMs: 2 * DAY });
  expect(receiver.events()).toEqual(['envelope-sent']);
});

test('nobody hears by a webhook of what a restart would not know', async () => {
  const directory = newDirectory();
  const copy = newDirectory();
  const heard: unknown[] = [];
  const receiver = createServer((request, response) => {
    request.resume();
    // As a process that is killed at this moment leaves it.
    cpSync(directory, copy, { recursive: true });
    const { found } = openKept(copy, BOUNDS, () => {
      throw new Error('nothing is written');
    });
    heard.push([...(found?.envelopes.values() ?? [])].map(({ status }) => status));
    response.end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  onTestFinished(() => void receiver.close());
  const address = receiver.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
  const client = await start(directory);
  await client.control('PUT', '/autosign', { autoSign: { afterMs: HOUR } });
  const eventNotification = { url, requireAcknowledgment: 'true', events: ['envelope-sent', 'envelope-completed'] };
  await client.create(definition({ eventNotification }));
  await client.control('POST', '/idle');
  expect(heard).toEqual([['sent']]);
  // No answer tells of this: the clock does it.
  await client.control('POST', '/clock', { advanceMs: HOUR });
  await client.control('POST', '/idle');
  expect(heard).toEqual([['sent'], ['completed']]);
});

test('what was planned happens: expiry with its warning, reminders, the auto-signer', async () => {
  const directory = newDirectory();
  const before = await start(directory);
  const notification = {
    useAccountDefaults: 'false',
    reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
    expirations: { expireEnabled: 'true', expireAfter: '10', expireWarn: '4' },
  };
  const id = await before.create(definition({ notification }));
  await before.control('PUT', '/autosign', { autoSign: { afterMs: HOUR } });
  const signing = await before.create(definition());
  await before.control('PUT', '/autosign', { autoSign: { afterMs: 99 * DAY } });
  const after = await restarted(before, directory);
  after.sandbox.resume();
  await after.control('POST', '/clock', { advanceMs: 11 * DAY });
  const mails = list((await after.control('GET', '/mails'))['mails']).filter(({ envelopeId }) => envelopeId === id);
  expect(mails.map(({ kind }) => kind)).toEqual([
    'invitation',
    'reminder',
    'reminder',
    'expiring',
    'reminder',
    'voided',
  ]);
  const status = async (envelopeId: string): Promise<unknown> =>
    (await after.call('GET', `/envelopes/${envelopeId}`)).body['status'];
  expect([await status(id), await status(signing)]).toEqual(['voided', 'completed']);
});

test('a reset empties what is kept, the clock included', async () => {
  const directory = newDirectory();
  const before = await start(directory);
  await before.create(definition());
  await before.control('POST', '/clock', { advanceMs: DAY });
  await before.control('POST', '/reset');
  const after = await restarted(before, directory);
  expect(list((await after.control('GET', '/state'))['envelopes'])).toEqual([]);
  expect(after.sandbox.run).not.toBe(before.sandbox.run);
  const ahead = Date.parse(String((await after.control('GET', '/clock'))['now'])) - Date.now();
  expect(Math.abs(ahead)).toBeLessThan(60_000);
});

/** Creates envelopes one after the other, and prints the id of each that was answered. */
const CREATOR = `
  import { startDocusignSandbox } from './src/sandbox/docusign/index.ts';
  const { directory, body, headers } = JSON.parse(process.argv[1]);
  const sandbox = await startDocusignSandbox({ directory });
  const url = sandbox.url + '/restapi/v2.1/accounts/' + sandbox.credentials.accountId + '/envelopes';
  for (;;) console.log((await (await fetch(url, { method: 'POST', headers, body })).json()).envelopeId);
`;

test('kill -9 loses no envelope whose creation was answered, whenever it comes', { timeout: 120_000 }, async () => {
  const directory = newDirectory();
  const first = await start(directory);
  const headers = { authorization: `Bearer ${first.token}` };
  await first.sandbox.close();
  const given = JSON.stringify({ directory, headers, body: JSON.stringify(definition()) });
  const answered: string[] = [];
  for (const many of [1, 7, 20]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CREATOR, given], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface(child.stdout);
    let left = many;
    lines.on('line', (id) => {
      answered.push(id);
      left -= 1;
      if (left === 0) child.kill('SIGKILL');
    });
    await once(lines, 'close');
  }
  expect(answered.length).toBeGreaterThanOrEqual(28);
  const after = await start(directory);
  const known = list((await after.control('GET', '/state'))['envelopes']).map(({ envelopeId }) => envelopeId);
  expect(known).toEqual(expect.arrayContaining(answered));
});

test('what is kept is bounded: the newest lines, mails and envelopes, and those under way before those that ended', async () => {
  const directory = newDirectory();
  const bounds = { bounds: { envelopes: 2, ledger: 5, mails: 1 } };
  const before = await start(directory, bounds);
  const [running, done, newest] = [
    await before.create(definition()),
    await before.create(definition()),
    await before.create(definition()),
  ];
  await before.control('POST', `/envelopes/${done}/sign`);
  const lines = await before.ledger();
  const after = await restarted(before, directory, bounds);
  const state = await after.control('GET', '/state');
  expect(list(state['envelopes']).map(({ envelopeId }) => envelopeId)).toEqual([running, newest]);
  expect(list(state['mails'])).toHaveLength(1);
  const kept = (await after.ledger()).filter(({ seq }) => Number(seq) <= lines.length);
  expect(kept).toEqual(lines.slice(-5));
  expect((await after.ledger('?after=1')).at(0)).toEqual(lines.at(-5));
  const newer = await after.create(definition());
  const order = list((await after.call('GET', '/envelopes?from_date=2020-01-01')).body['envelopes']);
  expect(order.map(({ envelopeId }) => envelopeId)).toEqual([running, newest, newer]);
});

test('documents that are kept no more leave no file behind', async () => {
  const directory = newDirectory();
  const large = Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(20_000, 7)]).toString('base64');
  const document = { documentId: '1', name: 'a.txt', fileExtension: 'txt', documentBase64: large };
  const before = await start(directory);
  await before.create(definition({ documents: [document] }));
  expect(readdirSync(join(directory, 'bytes'))).toHaveLength(1);
  const after = await restarted(before, directory, { bounds: { envelopes: 0 } });
  const last = await restarted(after, directory);
  expect(readdirSync(join(directory, 'bytes'))).toEqual([]);
  await last.sandbox.close();
});

test.each([
  ['was cut', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -10)), 'changed or cut'],
  ['is empty', (path: string) => writeFileSync(path, ''), 'no state of a sandbox'],
  ['is another file', (path: string) => writeFileSync(path, '{"envelopes":[]}\n'), 'no state of a sandbox'],
  [
    'was written by another version',
    (path: string) =>
      writeFileSync(path, readFileSync(path).toString('latin1').replace(` ${VERSION} `, ' 0 '), 'latin1'),
    'another version of countersign',
  ],
  [
    'has lost a document',
    (path: string) => {
      const bytes = join(path, '..', 'bytes');
      for (const name of readdirSync(bytes)) writeFileSync(join(bytes, name), 'gone');
    },
    'was changed since it was written',
  ],
])('a state that %s is named with the remedy, and stays as it is', async (_what, damage, why) => {
  const directory = newDirectory();
  const before = await start(directory);
  const bytes = Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(20_000, 7)]).toString('base64');
  await before.create(
    definition({ documents: [{ documentId: '1', name: 'a.txt', fileExtension: 'txt', documentBase64: bytes }] }),
  );
  await before.sandbox.close();
  const path = join(directory, 'state');
  damage(path);
  const damaged = readFileSync(path);
  const refused = await startDocusignSandbox({ directory }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StateUnreadable);
  expect(String(refused)).toContain(`${path} can't be read: `);
  expect(String(refused)).toContain(why);
  expect(String(refused)).toContain(`Put it back, or delete ${directory} to begin with an empty sandbox`);
  expect(readFileSync(path)).toEqual(damaged);
});

test('a change of what is kept raises its version', async () => {
  const directory = newDirectory();
  const before = await start(directory);
  const receiver = await startReceiver();
  receiver.statuses.push(500);
  await before.control('POST', '/faults', { route: 'GET /envelopes', kind: 'reset' });
  await before.call('POST', '/connect', { urlToPublishTo: receiver.url, events: ['envelope-voided'], name: 'mine' });
  const id = await before.create(
    definition({ eventNotification: receiver.subscription({ events: ['envelope-sent'] }) }),
  );
  await before.control('POST', '/idle');
  await before.call('GET', `/envelopes/${id}`);
  await before.sandbox.close();
  const { found } = openKept(directory, BOUNDS, () => {
    throw new Error('nothing is written');
  });
  const shape = [...shapeOf(found)].toSorted().join('\n');
  // Another shape? Raise VERSION: what an earlier version kept is not read then, and says so.
  await expect(`version ${VERSION}\n${shape}\n`).toMatchFileSnapshot('kept-shape.txt');
});

/** Paths of all members, with names that are ids or dates left out. */
function shapeOf(value: unknown, path = '', seen = new Set<unknown>()): Set<string> {
  const paths = new Set<string>();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array)
    return paths.add(`${path}: ${kindOf(value)}`);
  if (seen.has(value)) return paths;
  seen.add(value);
  const within =
    value instanceof Map || value instanceof Set || Array.isArray(value)
      ? [...value.values()].map((one): [string, unknown] => [`${path}[]`, one])
      : Object.entries(value).map(([name, one]): [string, unknown] => [`${path}.${name}`, one]);
  for (const [name, one] of within) for (const found of shapeOf(one, name, seen)) paths.add(found);
  return paths;
}

function kindOf(value: unknown): string {
  return value instanceof Uint8Array ? 'bytes' : value === null ? 'null' : typeof value;
}
