/**
 * A web application in development: a page in Chromium, on another port than the gateway that `npm start` began, with
 * nothing but the address and the token that were printed.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { MAX_GRAPHQL_BYTES } from '../../src/model/limits.ts';
import { control } from '../../src/sandbox/docusign/control.ts';
import { at, eventually, textAt } from '../kit/answer.ts';
import { atEnd } from '../kit/at-end.ts';
import { envelope, file, PDF, SEND } from '../kit/envelopes.ts';
import { describeInBrowser, openBrowser } from './browser.ts';
import { freePort, spawnCli, whileRunning } from './child.ts';
import type * as application from './page/app.ts';
import { serveApp } from './page/serve.ts';

/** What the page's script defines; to be named within `evaluate` alone. */
declare const app: typeof application;

/** What of a request can be handed to a page. */
type Simple = { method?: string; headers?: Record<string, string>; body?: string };

const Started = z.object({ graphiql: z.url(), sandbox: z.url(), token: z.string(), account: z.string() });
const [NAMED, STRANGE] = ['app.example', 'evil.example'];
const FOLLOW = `subscription Follow($after: String!) {
  events(after: $after) { cursor event { type status envelope { id } } }
}`;
const UPLOAD = `mutation Upload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    __typename
    ... on CreateUploadPayload { document { id } url method headers { name value } expiresAt }
    ... on Problem { code message }
  }
}`;
const DOWNLOAD = 'query Download($id: ID!) { envelope(id: $id) { documents { download { url filename } } } }';

describeInBrowser('a page on another port', () => {
  let started: z.infer<typeof Started>;
  let target: application.Target;
  let browser: Browser;
  let port: number;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-page-'));
    atEnd(() => rm(directory, { recursive: true, force: true }));
    port = await serveApp();
    const ports = ['--port', String(await freePort()), '--sandbox-port', '0'];
    const allowed = ['--allow-origin', 'https://elsewhere.example', '--allow-origin', `http://${NAMED}:${port}`];
    const child = spawnCli(['dev', ...ports, ...allowed, '--data-dir', join(directory, 'data'), '--json']);
    browser = await openBrowser([NAMED, STRANGE]);
    await whileRunning(child, () => child.stdout.endsWith('\n'));
    started = Started.parse(JSON.parse(child.stdout));
    target = { url: started.graphiql, token: started.token };
  }, 180_000);

  /** The application as it is served under this host name. */
  async function open(host = 'localhost'): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://${host}:${port}/`);
    return page;
  }

  const ask = (page: Page, operation: application.Operation): Promise<unknown> =>
    page.evaluate(([to, what]) => app.ask(to, what), [target, operation] as const);

  it('queries, sends, and follows until all have signed, over WebSocket and by server-sent events', async () => {
    const page = await open();
    expect(await ask(page, { query: '{ viewer { subject } }' })).toMatchObject({
      data: { viewer: { subject: 'demo' } },
    });

    const input = { idempotencyKey: 'from a page', what: { envelope: envelope(started.account) } };
    const sent = at(await ask(page, { query: SEND, variables: { input } }), 'data.sendEnvelope.envelope');
    expect(sent).toMatchObject({ status: 'SENT' });
    const operation = { query: FOLLOW, variables: { after: textAt(sent, 'logCursor') } };
    await page.evaluate(
      ([to, what]) => {
        app.followByWebSocket(to, 'ws', what);
        void app.followBySse(to, 'sse', what);
      },
      [target, operation] as const,
    );
    await control(started.sandbox, 'POST', `/envelopes/${textAt(sent, 'providerId')}/sign`);

    const told = async (name: string): Promise<unknown[]> => {
      const results = await page.evaluate((which) => app.results(which), name);
      return results.map((result) => at(result, 'data.events.event') ?? result);
    };
    for (const name of ['ws', 'sse']) {
      await eventually(async () => JSON.stringify(await told(name)).includes('ENVELOPE_COMPLETED'), {
        ms: 60_000,
        what: `the end of the envelope, told over ${name}: ${JSON.stringify(await told(name))}`,
      });
    }
    const events = (await told('ws')).filter((event) => at(event, 'type') !== undefined);
    expect(events.at(-1)).toMatchObject({ status: 'COMPLETED', envelope: { id: at(sent, 'id') } });
    expect((await told('sse')).filter((event) => at(event, 'type') !== undefined)).toEqual(events);
  }, 120_000);

  it('uploads a document by one PUT, sends it, and downloads it under its name', async () => {
    const page = await open();
    const [bytes, sha256] = [Buffer.from(PDF, 'base64'), await page.evaluate((pdf) => app.sha256(pdf), PDF)];
    const declared = { filename: 'Mietvertrag für Bo.pdf', size: bytes.length, sha256 };
    const made = at(await ask(page, { query: UPLOAD, variables: { input: declared } }), 'data.createUpload');
    const upload = z
      .object({ url: z.url(), method: z.string(), headers: z.array(z.object({ name: z.string(), value: z.string() })) })
      .parse(made);
    const put = (): Promise<application.Seen> => page.evaluate(([to, pdf]) => app.put(to, pdf), [upload, PDF] as const);
    expect(await put()).toMatchObject({ status: 200 });
    // It takes one request; why the second is refused, the page can read.
    expect(await put()).toMatchObject({ status: 409, code: 'WRONG_STATE' });

    const source = { documentId: textAt(made, 'document.id') };
    const documents = [file({ filename: declared.filename, source })];
    const input = { idempotencyKey: 'uploaded', what: { envelope: envelope(started.account, { documents }) } };
    const sent = await ask(page, { query: SEND, variables: { input } });
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    const asked = await ask(page, { query: DOWNLOAD, variables: { id } });
    const url = textAt(asked, 'data.envelope.documents.0.download.url');
    const got = await page.evaluate((from) => app.download(from), url);
    expect(got.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(got.disposition).toContain(encodeURIComponent('Mietvertrag für Bo.pdf'));
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  }, 120_000);

  it('reads why it is refused', async () => {
    const page = await open();
    const attempt = (path: string, init: Simple): Promise<application.Seen> =>
      page.evaluate(([url, how]) => app.attempt(url, how), [new URL(path, target.url).href, init] as const);
    const posted = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ viewer { subject } }"}',
    };

    const unknown = await attempt('/graphql', {
      ...posted,
      headers: { ...posted.headers, authorization: 'Bearer x.y.z' },
    });
    expect(unknown).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(unknown.headers).toHaveProperty('x-request-id');
    expect(await attempt('/graphql', posted)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(await attempt('/graphq', posted)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await attempt('/graphql', { ...posted, method: 'PUT' })).toMatchObject({ status: 405 });
    expect(await attempt('/documents/expired', {})).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await attempt('/uploads/expired', { method: 'PUT', body: 'x' })).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
    });
  }, 60_000);

  it.each([1, 3 * MAX_GRAPHQL_BYTES])(
    'reads that a body is too large, by %i bytes',
    async (bytes) => {
      const page = await open();
      const seen = await page.evaluate(([to, size]) => app.attemptOf(to, size), [
        target,
        MAX_GRAPHQL_BYTES + bytes,
      ] as const);
      expect(seen).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    },
    60_000,
  );

  it.each(['localhost', '127.0.0.1', 'app.localhost', NAMED])(
    'may be served as %s',
    async (host) => {
      const page = await open(host);
      expect(await ask(page, { query: '{ viewer { subject } }' })).toMatchObject({
        data: { viewer: { subject: 'demo' } },
      });
      expect(await page.evaluate((url) => app.opens(url), target.url.replace('http', 'ws'))).toBe(true);
    },
    60_000,
  );

  it('is kept out under a name that nobody has allowed', async () => {
    const page = await open(STRANGE);
    expect(await page.evaluate((to) => app.attemptOf(to, 1), target)).toEqual({ failed: 'TypeError: Failed to fetch' });
    expect(await page.evaluate((url) => app.opens(url), target.url.replace('http', 'ws'))).toBe(false);
  }, 60_000);

  it('has no way to the token that the page of GraphiQL holds', async () => {
    const page = await open();
    const seen = await page.evaluate((url) => app.attempt(url, { headers: { accept: 'text/html' } }), target.url);
    expect(seen).toEqual({ failed: 'TypeError: Failed to fetch' });
  }, 60_000);
});
