/**
 * `countersign dev` as it is typed: what it prints, what it refuses, and how it ends.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { followBySse } from '../kit/follow.ts';
import { atEnd } from '../kit/at-end.ts';
import { type Child, runCli, spawnCli, whileRunning } from '../system/child.ts';
import { ask } from '../system/kit.ts';

const Found = z.strictObject({
  graphiql: z.url(),
  sandbox: z.url(),
  token: z.string(),
  tenant: z.uuid(),
  account: z.literal('acc_00000000-0000-7000-8000-000000000001'),
});

const directory = mkdtempSync(join(tmpdir(), 'countersign-dev-'));
atEnd(() => rm(directory, { recursive: true, force: true }));
const data = join(directory, 'data');
const ANY_PORTS = ['--port', '0', '--sandbox-port', '0'];

async function start(): Promise<{ child: Child; found: z.infer<typeof Found>; url: string }> {
  const child = spawnCli(['dev', ...ANY_PORTS, '--data-dir', data, '--json']);
  await whileRunning(child, () => child.stdout.endsWith('\n'));
  const found = Found.parse(JSON.parse(child.stdout));
  return { child, found, url: new URL(found.graphiql).origin };
}

const LIST = 'query List { envelopes(first: 10) { nodes { id subject status providerId } } }';

describe('countersign dev', { timeout: 120_000 }, () => {
  let running: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    running = await start();
  }, 180_000);

  it('says with --json on one line where everything is, on ports that were free', () => {
    const { child, found } = running;
    expect(child.stdout.trim().split('\n')).toHaveLength(1);
    expect(new URL(found.graphiql).port).not.toBe('4000');
    expect(child.stderr).toBe('');
  });

  it('prints a token that the API takes, with an envelope already there', async () => {
    const answer = await ask(running.url, running.found.token, LIST);
    expect(listAt(answer, 'data.envelopes.nodes')).toMatchObject([{ status: 'SENT' }]);
  });

  it('shows GraphiQL and the inbox of the sandbox', async () => {
    const page = await fetch(running.found.graphiql, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('GraphiQL');
    const inbox = await fetch(`${running.found.sandbox}/inbox`);
    expect(await inbox.text()).toContain('An older lease, to be voided');
  });

  it('shows nothing under a foreign name that was pointed at this machine', async () => {
    const asked = async (host: string): Promise<number | undefined> => {
      const ask = request(running.found.graphiql, { headers: { host, accept: 'text/html' } }).end();
      const [answer] = z.tuple([z.instanceof(IncomingMessage)]).parse(await once(ask, 'response'));
      answer.resume();
      return answer.statusCode;
    };
    const { host, port } = new URL(running.found.graphiql);
    expect(await asked(host)).toBe(200);
    expect(await asked(`localhost:${port}`)).toBe(200);
    for (const foreign of ['evil.example', `127.0.0.1.evil.example:${port}`, `localhost.evil.example`]) {
      expect([foreign, await asked(foreign)]).toEqual([foreign, 421]);
    }
  });

  it('lets pages of this machine read its answers, on any port, and no others, and shows none of them its token', async () => {
    for (const origin of ['http://localhost:3000', 'https://127.0.0.1:8443', 'http://[::1]:5173', 'http://a.localhost'])
      expect(await allowedFor(running.found.graphiql, origin, 'application/json')).toBe(origin);
    for (const origin of ['http://localhost.evil.example', 'https://app.example', 'null'])
      expect([origin, await allowedFor(running.found.graphiql, origin, 'application/json')]).toEqual([origin, null]);
    expect(await allowedFor(running.found.graphiql, 'http://localhost:3000', 'text/html')).toBeNull();
  });

  it('refuses a second start on the same data in one clear sentence', async () => {
    const { exit, stdout, stderr } = await runCli(['dev', ...ANY_PORTS, '--data-dir', data]);
    expect(exit.code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `${data} is in use by another countersign process; stop that one, or give this one its own --data-dir.\n`,
    );
  });

  it('takes over after kill -9, with the data and the tokens of before', async () => {
    const before = await ask(running.url, running.found.token, LIST);
    await running.child.end('SIGKILL');
    const { token } = running.found;
    running = await start();
    const after = await ask(running.url, token, LIST);
    const kept = listAt(before, 'data.envelopes.nodes').map((node) => at(node, 'id'));
    expect(listAt(after, 'data.envelopes.nodes').map((node) => at(node, 'id'))).toEqual(expect.arrayContaining(kept));
    expect(running.found.tenant).not.toBe('');
  }, 180_000);

  it('finds after kill -9 that its sandbox still knows what it was sent: it is signed, and told', async () => {
    const envelopes = async (): Promise<unknown[]> =>
      listAt(await ask(running.url, running.found.token, LIST), 'data.envelopes.nodes');
    // One for one sandbox, however often it is started.
    const [only, ...others] = await envelopes();
    expect([at(only, 'status'), others]).toEqual(['SENT', []]);
    const providerId = textAt(only, 'providerId');
    await running.child.end('SIGKILL');
    running = await start();
    const signed = await runCli(['sandbox', 'sign', providerId, '--url', running.found.sandbox]);
    expect(signed.stdout).toBe(`Signed ${providerId}.\n`);
    const refresh = 'mutation R($ids: [ID!]!) { refreshEnvelopes(input: { ids: $ids }) { __typename } }';
    await ask(running.url, running.found.token, refresh, { ids: [at(only, 'id')] });
    await eventually(async () => at((await envelopes())[0], 'status') === 'COMPLETED');
    // What can't be voided any more makes room for the next.
    await running.child.end('SIGTERM');
    running = await start();
    expect((await envelopes()).map((node) => at(node, 'status')).toSorted()).toEqual(['COMPLETED', 'SENT']);
  }, 240_000);

  it('ends within seconds of SIGTERM with 0, though somebody follows', async () => {
    const query = 'subscription Follow { events(from: EARLIEST) { cursor } }';
    const follower = followBySse(running.found.graphiql, running.found.token, { query, variables: {} });
    await follower.first(() => true);
    // It would end with 1 if it had waited for the follower.
    expect(await running.child.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(running.child.stderr).toBe('');
    await follower.stop();
  });

  it.each(['--port', '--sandbox-port'])(
    'says in one clear sentence that the port of %s is in use',
    async (option) => {
      const port = await takenPort();
      const { exit, stderr } = await runCli(['dev', ...ANY_PORTS, option, String(port), '--data-dir', data], {
        ms: 120_000,
      });
      expect(exit.code).toBe(1);
      expect(stderr).toBe(
        `Port ${port} is in use. Stop what uses it, or choose another with --port or --sandbox-port (0 takes any).\n`,
      );
    },
    180_000,
  );

  it('says in one clear sentence that the state of its sandbox can not be read, and leaves it as it is', async () => {
    const sandbox = join(directory, 'damaged', 'sandbox');
    mkdirSync(sandbox, { recursive: true });
    writeFileSync(join(sandbox, 'state'), 'not one');
    const { exit, stderr } = await runCli(['dev', ...ANY_PORTS, '--data-dir', join(directory, 'damaged')]);
    expect(exit.code).toBe(1);
    expect(stderr).toBe(
      `${realpathSync(sandbox)}/state can't be read: it is no state of a sandbox. Put it back, or delete ${realpathSync(sandbox)} to begin with an empty sandbox: it then knows nothing of what was sent to it before.\n`,
    );
    expect(readFileSync(join(sandbox, 'state'), 'utf8')).toBe('not one');
  });

  it('says what is wrong with a file that is none of a sandbox', async () => {
    const { exit, stderr } = await runCli(['dev', '--data-dir', join(directory, 'none'), '--sandbox-json', '/nowhere']);
    expect(exit.code).toBe(1);
    expect(stderr).toMatch(/^--sandbox-json is a file with what "countersign sandbox --json" printed: .*\n$/);
  });
});

async function allowedFor(url: string, origin: string, accept: string): Promise<string | null> {
  const { headers } = await fetch(url, { headers: { origin, accept } });
  return headers.get('access-control-allow-origin');
}

function takenPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    atEnd(() => server.close());
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address) resolve(address.port);
      else reject(new Error('no port'));
    });
  });
}
