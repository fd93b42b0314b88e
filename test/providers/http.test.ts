import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Headers } from 'undici';
import { z } from 'zod';
import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from '../../src/model/problems.ts';
import { type Call, callProvider, type Dialect, json, retryAfter } from '../../src/providers/http.ts';
import { systemWorld } from '../../src/world.ts';
import { answer, networkError, type Script, scriptedWorld, START } from './scripted-world.ts';

const shape = z.object({ ok: z.boolean() });
const dialect: Dialect = {
  explain: ({ status, headers, text }, world) => ({
    fault: { providerCode: 'CODE', providerMessage: text, providerStatus: status, traceId: 't-1' },
    limited: text === 'limit',
    retryAt: retryAfter(headers, world.now()),
    fix: 'do better',
  }),
};

function call(
  effect: 'SAFE' | 'WRITE',
  more: Partial<Call<z.output<typeof shape>>> = {},
): Call<z.output<typeof shape>> {
  return { method: 'GET', url: 'http://provider.example/x', headers: {}, effect, take: json(shape), ...more };
}

function write(url: string, more: Partial<Call<z.output<typeof shape>>> = {}): Promise<unknown> {
  return callProvider(systemWorld(), dialect, call('WRITE', { method: 'POST', url, body: '{}', ...more }));
}

/** The n-th call gets the n-th answer; the last one repeats. */
function sequence(...answers: (() => Response | never)[]): Script {
  let n = 0;
  return () => (answers[Math.min(n++, answers.length - 1)] ?? answers[0])?.() ?? answer(500, '');
}
type Response = ReturnType<typeof answer>;

const good = (): Response => answer(200, { ok: true });
const refuse =
  (status: number, text = 'no', headers = {}) =>
  (): Response =>
    answer(status, text, headers);
const broken = (code: string, syscall?: string) => (): never => {
  throw networkError(code, syscall);
};
/** The answer comes after every time limit. */
const hang: Script = (_asked, world) => {
  world.advance(130_000);
  return good();
};

async function outcome(
  script: Script,
  effect: 'SAFE' | 'WRITE',
): Promise<{ error: unknown; calls: number; slept: number[] }> {
  const world = scriptedWorld(script);
  const error = await callProvider(world, dialect, call(effect)).then(
    () => null,
    (error: unknown) => error,
  );
  return { error, calls: world.asked.length, slept: world.slept };
}

describe('a safe call', () => {
  it.each([
    ['a reset connection', broken('ECONNRESET', 'read')],
    ['a refused connection', broken('ECONNREFUSED', 'connect')],
    ['503', refuse(503)],
    ['408', refuse(408)],
    ['429', refuse(429)],
    ['a limit told with 400', refuse(400, 'limit')],
    ['an answer that is no JSON', () => answer(200, '<html>')],
    ['an answer of another shape', () => answer(200, { ok: 'maybe' })],
  ])('is repeated after %s', async (_what, failure) => {
    const { error, calls } = await outcome(sequence(failure, failure, good), 'SAFE');
    expect(error).toBeNull();
    expect(calls).toBe(3);
  });

  it('is given up as ProviderUnavailable after four tries, with growing jittered waits', async () => {
    const { error, calls, slept } = await outcome(sequence(refuse(502)), 'SAFE');
    expect(error).toBeInstanceOf(ProviderUnavailable);
    expect(calls).toBe(4);
    expect(slept).toEqual([250, 500, 1000]);
  });

  it('is not repeated when the provider says no', async () => {
    const { error, calls } = await outcome(sequence(refuse(404)), 'SAFE');
    expect(error).toBeInstanceOf(ProviderRefused);
    expect(error).toMatchObject({
      fix: 'do better',
      fault: { providerCode: 'CODE', providerMessage: 'no', providerStatus: 404, traceId: 't-1' },
    });
    expect(calls).toBe(1);
  });

  it.each([
    [503, 7],
    [429, 1],
  ])('never comes back before Retry-After (%i)', async (status, seconds) => {
    const told = { 'retry-after': String(seconds) };
    const { error, slept } = await outcome(sequence(refuse(status, 'no', told), good), 'SAFE');
    expect(error).toBeNull();
    expect(slept[0]).toBeGreaterThanOrEqual(seconds * 1000);
  });

  it.each([
    [503, 3_600, 'PROVIDER_UNAVAILABLE'],
    [429, 3, 'RATE_LIMITED'],
  ])('says when to come back instead of waiting longer than it has patience (%i)', async (status, seconds, code) => {
    const { error, calls } = await outcome(sequence(refuse(status, 'no', { 'retry-after': String(seconds) })), 'SAFE');
    expect(error).toBeInstanceOf(ProviderUnavailable);
    expect(error).toMatchObject({ code, retryAfter: new Date(Date.parse(START) + seconds * 1_000) });
    expect(calls).toBe(1);
  });

  it('of a single 500 or 503 costs half a second at most', async () => {
    for (const status of [500, 503]) {
      const { error, slept } = await outcome(sequence(refuse(status), good), 'SAFE');
      expect(error).toBeNull();
      expect(slept).toEqual([250]);
    }
  });

  it('is cut after its time limit', async () => {
    const { error } = await outcome(hang, 'SAFE');
    expect(error).toBeInstanceOf(ProviderUnavailable);
    expect(String(error)).toContain('no answer within 30000 ms');
  });
});

describe('a write', () => {
  it.each([
    ['a refused connection', broken('ECONNREFUSED', 'connect')],
    ['an unknown host', broken('ENOTFOUND', 'getaddrinfo')],
    ['a connection that takes too long to open', broken('UND_ERR_CONNECT_TIMEOUT')],
    ['a certificate that proves nothing', broken('DEPTH_ZERO_SELF_SIGNED_CERT')],
    ['a limit', refuse(400, 'limit')],
    ['429', refuse(429)],
  ])('that never was done is ProviderUnavailable: %s', async (_what, failure) => {
    const { error, calls } = await outcome(sequence(failure), 'WRITE');
    expect(error).toBeInstanceOf(ProviderUnavailable);
    expect(error).toHaveProperty('retryAfter', expect.any(Date));
    expect(calls).toBe(1);
  });

  it.each([
    ['a refused connection', broken('ECONNREFUSED', 'connect'), 'PROVIDER_UNAVAILABLE', "can't be reached"],
    ['a limit', refuse(400, 'limit'), 'RATE_LIMITED', 'rate limit is reached'],
    ['429', refuse(429), 'RATE_LIMITED', 'rate limit is reached'],
  ])('tells a rate limit from being away: %s', async (_what, failure, code, message) => {
    const { error } = await outcome(sequence(failure), 'WRITE');
    expect(error).toMatchObject({ code, message: expect.stringContaining(message), retryAfter: expect.any(Date) });
  });

  it('that meets a limit without an end may be asked again in a second', async () => {
    const { error } = await outcome(sequence(refuse(429)), 'WRITE');
    expect(error).toMatchObject({ retryAfter: new Date(Date.parse(START) + 1_000) });
  });

  it.each([
    [500, true],
    [503, true],
    // A gateway gave up; the server behind it may not have.
    [502, false],
    [504, false],
    [408, false],
  ])('answered with %i is known to have ended: %s', async (status, failed) => {
    const { error } = await outcome(sequence(refuse(status, 'no', { 'retry-after': '5' })), 'WRITE');
    expect(error).toMatchObject({ failed, retryAfter: new Date(Date.parse(START) + 5_000) });
  });

  it.each([
    ['a reset', broken('ECONNRESET', 'read')],
    ['a broken pipe', broken('EPIPE', 'write')],
    ['a socket closed by the other side', broken('UND_ERR_SOCKET')],
    [
      'an error without a code',
      () => {
        throw new Error('?');
      },
    ],
    ['500', refuse(500)],
    ['503', refuse(503)],
    ['408', refuse(408)],
    ['a redirect', refuse(302)],
    ['an answer that is no JSON', () => answer(201, '<html>')],
    ['an answer of another shape', () => answer(201, {})],
  ])('whose answer is lost is OutcomeUnknown and said once: %s', async (_what, failure) => {
    const { error, calls } = await outcome(sequence(failure), 'WRITE');
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(calls).toBe(1);
  });

  it('waits two minutes for its answer, then is OutcomeUnknown', async () => {
    const { error } = await outcome(hang, 'WRITE');
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(String(error)).toContain('no answer within 120000 ms');
  });

  it('that is refused is ProviderRefused', async () => {
    const { error } = await outcome(sequence(refuse(400)), 'WRITE');
    expect(error).toBeInstanceOf(ProviderRefused);
  });
});

describe('on real sockets', () => {
  const closers: (() => void)[] = [];
  afterEach(() => closers.splice(0).forEach((close) => close()));

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
  }
  it('a closed port is known to have received nothing', async () => {
    const url = await serve(() => {});
    closers.splice(0).forEach((close) => close());
    await expect(write(url)).rejects.toThrow(ProviderUnavailable);
  });

  it('a connection destroyed after the request leaves the outcome unknown', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(write(url)).rejects.toThrow(OutcomeUnknown);
  });

  it('an answer cut in its middle leaves the outcome unknown', async () => {
    const url = await serve((request, response) => {
      response.writeHead(201, { 'content-length': '100' });
      response.write('{"ok":', () => request.socket.destroy());
    });
    await expect(write(url)).rejects.toThrow(OutcomeUnknown);
  });

  it('silence ends with the time limit', async () => {
    const url = await serve(() => {});
    await expect(write(url, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms');
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-15T10:20:00Z');
  it.each([
    ['120', '2026-01-15T10:22:00.000Z'],
    ['Thu, 15 Jan 2026 10:25:00 GMT', '2026-01-15T10:25:00.000Z'],
    ['Thu, 15 Jan 2026 10:00:00 GMT', '2026-01-15T10:20:00.000Z'],
  ])('reads %s', (text, at) => {
    expect(retryAfter(new Headers({ 'retry-after': text }), now)).toEqual(new Date(at));
  });

  it('ignores anything else', () => {
    expect(retryAfter(new Headers({ 'retry-after': 'soon' }), now)).toBeNull();
    expect(retryAfter(new Headers(), now)).toBeNull();
  });
});
