import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createSignedLinks } from '../../../src/auth/signed-links.ts';
import type { Downloads } from '../../../src/envelopes/files/downloads.ts';
import { handleDownload } from '../../../src/http/routes/download.ts';
import { NotFound, NotReady, ProviderRefused, ProviderUnavailable } from '../../../src/model/problems.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { systemWorld } from '../../../src/world.ts';
import { atEnd } from '../../kit/at-end.ts';
import { eventually } from '../../kit/answer.ts';

const world = systemWorld();
const links = createSignedLinks([{ kid: 'test', key: Buffer.alloc(32, 7) }], world);
const log: string[] = [];
const logger = createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } });

/** What the next link leads to. */
let evidence: Downloads['evidence'] = () => Promise.reject(new NotFound('envelope'));
const downloads: Downloads = {
  open: () => Promise.reject(new NotFound('document')),
  evidence: (...of) => evidence(...of),
};
const server = createServer((req, res) => void handleDownload({ links, downloads, logger }, req, res));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
atEnd(() => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())));
const { port } = server.address() as AddressInfo;

async function link(payload: Record<string, string> = {}): Promise<string> {
  const to = { tenantId: 'a tenant', envelopeId: 'an envelope', evidence: 'combined', ...payload };
  const token = await links.sign('download', to, new Date(world.now().getTime() + 60_000));
  return `http://127.0.0.1:${port}/documents/${token}`;
}

async function follow(init: RequestInit = {}, payload: Record<string, string> = {}): Promise<Response> {
  return fetch(await link(payload), init);
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

function streams(
  body: ReadableStream<Uint8Array>,
  size: number | null = null,
  filename = 'signed.pdf',
): Downloads['evidence'] {
  return async () => ({ contentType: 'application/pdf', size, body, filename });
}

const PIECE = Buffer.alloc(256 * 1024, 1);
async function* breaks(): AsyncGenerator<Uint8Array> {
  yield PIECE;
  throw new Error('the provider went away');
}

const fault = { providerCode: 'X', providerMessage: 'no', providerStatus: 400, traceId: null };

afterEach(() => {
  evidence = () => Promise.reject(new NotFound('envelope'));
});

describe('a download', () => {
  it('takes from the provider no faster than it is taken here', async () => {
    let pulled = 0;
    let left = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += PIECE.length;
        controller.enqueue(PIECE);
      },
      cancel: () => void (left = true),
    });
    evidence = streams(endless);
    const gone = new AbortController();
    const response = await follow({ signal: gone.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    await eventually(async () => {
      const before = pulled;
      await world.sleep(100);
      return pulled === before;
    });
    // Sockets and fetch hold some megabytes between them; without back pressure this would never stand still.
    expect(pulled).toBeLessThan(64 * 1024 * 1024);
    gone.abort();
    await eventually(() => left, { what: 'the provider hears that nobody takes it any more' });
  });

  it.each([null, 10 * PIECE.length])('that breaks on its way (size %s) does not look whole', async (size) => {
    evidence = streams(ReadableStream.from(breaks()), size);
    const response = await follow();
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  });

  it.each([
    [new NotFound('envelope'), 404],
    [new NotReady('There is no evidence yet.', new Date('2026-03-01T12:00:00Z')), 409],
    [new ProviderUnavailable(fault, { retryAfter: new Date('2026-03-01T12:00:00Z') }), 503],
    [new ProviderRefused(fault), 502],
  ])('that can not be had, as %s, is a problem with status %i', async (problem, status) => {
    evidence = () => Promise.reject(problem);
    const response = await follow();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toBe(
      problem.retryAfter === null ? null : 'Sun, 01 Mar 2026 12:00:00 GMT',
    );
    expect(await response.json()).toMatchObject({ status, code: problem.code, detail: problem.message });
  });

  it.skipIf(!hasCurl).each([
    ['lease.pdf', 'lease.pdf'],
    ['Mietvertrag für "Bo"; 2.pdf', 'Mietvertrag fur _Bo_; 2.pdf'],
    ['契約書.pdf', 'document.pdf'],
  ])('of %s is saved by curl as %s', async (filename, saved) => {
    const directory = await mkdtemp(join(tmpdir(), 'countersign-download-'));
    atEnd(() => rm(directory, { recursive: true }));
    evidence = streams(ReadableStream.from([PIECE]), PIECE.length, filename);
    await promisify(execFile)('curl', ['-sSOJ', '--max-time', '20', await link()], { cwd: directory });
    expect(await readdir(directory)).toEqual([saved]);
    expect(await readFile(join(directory, saved))).toEqual(PIECE);
  });

  it('of a kind that nobody has is as absent as a link that was not made here', async () => {
    expect((await follow({}, { evidence: 'envelopes' })).status).toBe(404);
  });
});
