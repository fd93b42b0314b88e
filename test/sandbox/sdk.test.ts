/**
 * DocuSign's official SDK drives the sandbox, started as the documentation tells: `countersign sandbox --tls --json`.
 * It runs once, in `sdk/child.ts`; each test looks at a part of what it saw.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { asJson, type Json, list } from './harness.ts';
import { type Given, Printed } from './sdk/session.ts';

const PATIENCE_MS = 150_000;
const children: ChildProcess[] = [];
let folder: string;
let given: Given;
let seen: Json;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-sdk-'));
  const printed = await startSandbox();
  given = Printed.parse(JSON.parse(printed)).docusign;
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, given.ca);
  seen = asJson(JSON.parse(await runSdk(printed, ca)));
}, PATIENCE_MS);

afterAll(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

async function startSandbox(): Promise<string> {
  const sandbox = spawn(process.execPath, ['src/cli.ts', 'sandbox', '--tls', '--json', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(sandbox);
  const [line] = await once(createInterface(sandbox.stdout), 'line');
  return String(line);
}

async function runSdk(printed: string, ca: string): Promise<string> {
  const sdk = spawn(process.execPath, ['test/sandbox/sdk/child.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
  });
  children.push(sdk);
  sdk.stdin.end(printed);
  const [output, [code]] = await Promise.all([text(sdk.stdout), once(sdk, 'exit')]);
  if (code !== 0) throw new Error(`the SDK's process ended with ${String(code)}`);
  return output;
}

const ids = (name: string): unknown[] => list(asJson(seen[name])['envelopes']).map(({ envelopeId }) => envelopeId);

describe('the certificate', () => {
  it('is for this machine alone, and can sign no other', () => {
    const certificate = new X509Certificate(given.ca);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkHost('account-d.docusign.com')).toBeUndefined();
  });

  it('is refused by whoever was not told to trust it', async () => {
    await expect(fetch(given.url)).rejects.toThrow('fetch failed');
  });
});

describe('DocuSign’s SDK', () => {
  it('gets a token for a user by JWT', () => {
    expect(seen['token']).toEqual({
      status: 200,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'signature impersonation',
    });
  });

  it('learns the account and its address from userinfo', () => {
    expect(seen['user']).toMatchObject({
      sub: given.userId,
      accounts: [{ accountId: given.accountId, isDefault: 'true', baseUri: given.url }],
    });
  });

  it('makes a draft, and reads it with its recipients and fields', () => {
    expect(seen['draft']).toMatchObject({ status: 'created', uri: expect.stringContaining('/envelopes/') });
    expect(seen['draftRead']).toMatchObject({
      status: 'created',
      emailSubject: 'Lease 4711',
      customFields: { textCustomFields: [{ name: 'gatewayRef', value: 'req_01J' }] },
      recipients: { signers: [{ recipientId: '1' }, { recipientId: '2', clientUserId: 'user-88' }] },
    });
  });

  it('finds the draft by its transaction id', () => {
    expect(ids('byTransaction')).toEqual([asJson(seen['draft'])['envelopeId']]);
  });

  it('adds a recipient, and sends the draft', () => {
    expect(seen['added']).toMatchObject({ carbonCopies: [{ recipientId: '3', status: 'created' }] });
    expect(seen['release']).toEqual({ envelopeId: asJson(seen['draft'])['envelopeId'] });
  });

  it('lists recipients in their groups, with tabs', () => {
    expect(seen['recipients']).toMatchObject({
      recipientCount: '3',
      currentRoutingOrder: '1',
      signers: [{ status: 'sent', tabs: { textTabs: [{ tabLabel: 'iban' }] } }, { status: 'created' }],
      agents: [],
    });
  });

  it('gets a signing page for a recipient in their turn, and for no other', () => {
    expect(seen['viewTooEarly']).toMatchObject({ status: 400, errorCode: 'RECIPIENT_NOT_IN_SEQUENCE' });
    expect(seen['viewOfStranger']).toMatchObject({ status: 400, errorCode: 'UNKNOWN_ENVELOPE_RECIPIENT' });
    expect(seen['signingPage']).toBe(200);
  });

  it('sees the envelope completed once the control API signed it', () => {
    expect(seen['signedOne']).toMatchObject({ status: 'delivered' });
    expect(seen['completed']).toMatchObject({
      status: 'completed',
      completedDateTime: expect.stringMatching(/^\d{4}-.*Z$/),
      recipients: {
        signers: [{ status: 'completed' }, { status: 'completed' }],
        carbonCopies: [{ status: 'completed' }],
      },
    });
    expect(seen['formData']).toMatchObject({ formData: [{ name: 'iban', value: 'DE00' }] });
    expect(list(asJson(seen['audit'])['auditEvents']).length).toBeGreaterThan(3);
  });

  it('downloads one document, all in one, the certificate and the archive', () => {
    expect(seen['documents']).toMatchObject({
      envelopeDocuments: [{ documentId: '1' }, { documentId: 'certificate' }],
    });
    for (const id of ['1', 'combined', 'certificate'])
      expect(seen[`document ${id}`]).toEqual({ isBuffer: true, start: '%PDF' });
    expect(seen['document archive']).toEqual({ isBuffer: true, start: 'PK\u0003\u0004' });
  });

  it('reads the refusal of a download from its stream', () => {
    expect(seen['noDocument']).toMatchObject({ status: 404, errorCode: 'DOCUMENT_DOES_NOT_EXIST' });
  });

  it('reads and changes reminders and expiry', () => {
    expect(seen['notification']).toMatchObject({
      expirations: { expireAfter: '30' },
      reminders: { reminderDelay: '2' },
    });
    expect(seen['notificationAfter']).toMatchObject({ expirations: { expireAfter: '60' } });
  });

  it('corrects a recipient and hears of each that could not be', () => {
    expect(list(asJson(seen['corrected'])['recipientUpdateResults'])).toMatchObject([
      { recipientId: '1', errorDetails: { errorCode: 'SUCCESS' } },
      { recipientId: '9', errorDetails: { errorCode: 'INVALID_REQUEST_PARAMETER' } },
    ]);
    expect(seen['removed']).toMatchObject({ signers: [{ recipientId: '2' }] });
  });

  it('mails the corrected recipient and each resend, at the new address', () => {
    expect(asJson(seen['remindedOne'])['recipientUpdateResults']).toMatchObject([
      { recipientId: '1', errorDetails: { errorCode: 'SUCCESS' } },
    ]);
    expect(list(asJson(seen['recipientsAfter'])['signers'])[0]).toMatchObject({
      recipientId: '1',
      name: 'Bo Tenant',
      email: 'bo@elsewhere.example',
      status: 'sent',
    });
    expect(list(asJson(seen['mails'])['entries']).map(({ event, to }) => [event, to])).toEqual([
      ['invitation', 'bo@tenant.example'],
      ['resent', 'bo@elsewhere.example'],
      ['resent', 'bo@elsewhere.example'],
      ['resent', 'bo@elsewhere.example'],
    ]);
  });

  it('can not send again or correct what has ended', () => {
    expect(seen['resendTooLate']).toMatchObject({ status: 400, errorCode: 'EDIT_LOCK_INVALID_STATE_FOR_LOCK' });
    expect(seen['correctTooLate']).toMatchObject({ status: 400, errorCode: 'ENVELOPE_INVALID_STATUS' });
  });

  it('sends again with an empty body, and voids once', () => {
    expect(seen['resent']).toHaveProperty('envelopeId');
    expect(seen['voided']).toMatchObject({ status: 'voided', voidedReason: 'Superseded by lease 4712' });
    expect(seen['voidAgain']).toMatchObject({ status: 400, errorCode: 'ENVELOPE_CANNOT_VOID_INVALID_STATE' });
    expect(seen['voidTooLate']).toMatchObject({ status: 400, errorCode: 'ENVELOPE_CANNOT_VOID_INVALID_STATE' });
  });

  it('lists by ids, by time and by a batch in the body', () => {
    const [voided, draft] = z.tuple([z.string(), z.string()]).parse(seen['ids']);
    expect(ids('byIds').toSorted()).toEqual([voided, draft].toSorted());
    expect(ids('batch').toSorted()).toEqual([voided, draft].toSorted());
    expect(ids('byTime')).toEqual([draft]);
    expect(asJson(seen['byTime'])).toMatchObject({
      totalSetSize: '3',
      nextUri: expect.stringContaining('start_position=1'),
    });
    expect(seen['none']).toMatchObject({ totalSetSize: '0' });
  });

  it('asks for the first alone when it is given ids as an array, which it sends as parameters of one name', () => {
    expect(ids('byIdArray')).toHaveLength(1);
  });

  it('makes, changes, reads and deletes a Connect configuration', () => {
    const changed = {
      connectId: asJson(seen['configuration'])['connectId'],
      name: 'countersign 2',
      events: ['envelope-sent'],
    };
    expect(seen['configurationChanged']).toMatchObject(changed);
    expect(seen['configurationRead']).toMatchObject({ totalRecords: '1', configurations: [changed] });
    expect(seen['configurations']).toMatchObject({ totalRecords: '1', configurations: [changed] });
    expect(seen['noConfiguration']).toMatchObject({ status: 400, errorCode: 'INVALID_REQUEST_PARAMETER' });
    expect(seen['configurationsAfter']).toMatchObject({ totalRecords: '0' });
  });

  it('sees a message fail, sends it again from the queue, and reads both in the log', () => {
    expect(seen['failures']).toMatchObject({
      totalRecords: '1',
      failures: [{ error: 'The remote server returned 500.' }],
    });
    expect(seen['retry']).toMatchObject({ retryQueue: [{ configId: asJson(seen['configuration'])['connectId'] }] });
    expect(seen['failuresAfter']).toMatchObject({ totalRecords: '0' });
    expect(seen['retryOfNothing']).toEqual({ retryQueue: [] });
    expect(seen['logs']).toMatchObject({ totalRecords: '2' });
    expect(seen['log']).toMatchObject({ connectDebugLog: [{ eventDescription: 'envelope-sent' }] });
    expect(seen['logsAfter']).toMatchObject({ totalRecords: '0' });
  });

  it('adds an HMAC key, with which messages are signed beside the old one, and removes it', () => {
    expect(seen['taken']).toMatchObject([
      { signed: true, signatures: 2, message: { event: 'envelope-sent', retryCount: 0 } },
      { signed: true, signatures: 2, message: { event: 'envelope-sent', retryCount: 1 } },
    ]);
    expect(seen['keysLeft']).toBe(1);
  });

  it.each([
    ['unknownEnvelope', 404, 'ENVELOPE_DOES_NOT_EXIST'],
    ['noGuid', 400, 'INVALID_REQUEST_PARAMETER'],
    ['noSelector', 400, 'INVALID_REQUEST_PARAMETER'],
    ['otherAccount', 401, 'USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT'],
    ['twice', 400, 'ENVELOPE_HAS_DUPLICATE_RECIPIENTS'],
    ['limit', 429, 'HOURLY_APIINVOCATION_LIMIT_EXCEEDED'],
    ['expiredToken', 401, 'AUTHORIZATION_INVALID_TOKEN'],
    ['badToken', 401, 'AUTHORIZATION_INVALID_TOKEN'],
  ])('finds the code of a refusal (%s) in err.response.data', (name, status, errorCode) => {
    expect(seen[name]).toMatchObject({ status, errorCode, message: expect.any(String) });
  });

  it.each([
    ['unknownIssuer', { error: 'invalid_grant', error_description: 'issuer_not_found' }],
    ['unknownUser', { error: 'invalid_grant', error_description: 'user_not_found' }],
    ['noConsent', { error: 'consent_required' }],
  ])('hears why it gets no token (%s)', (name, answer) => {
    expect(seen[name]).toEqual({ status: 400, ...answer });
  });

  it('sees the rate limits in the headers that its callbacks get', () => {
    expect(seen['headers']).toMatchObject({
      'x-ratelimit-limit': expect.stringMatching(/^\d+$/),
      'x-ratelimit-remaining': expect.stringMatching(/^\d+$/),
      'x-ratelimit-reset': expect.stringMatching(/^\d{10}$/),
      'x-burstlimit-limit': expect.stringMatching(/^\d+$/),
      'x-burstlimit-remaining': expect.stringMatching(/^\d+$/),
      'x-docusign-tracetoken': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});
