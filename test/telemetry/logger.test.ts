import { DrizzleQueryError } from 'drizzle-orm/errors';
import { describe, expect, it } from 'vitest';
import { ProviderRefused } from '../../src/model/problems.ts';
import { createLogger, type LogFields } from '../../src/telemetry/logger.ts';

interface Lines {
  readonly log: ReturnType<typeof createLogger>;
  readonly lines: () => Record<string, unknown>[];
  readonly text: () => string;
}

function logging(level: 'info' | 'warn' | 'silent' = 'info'): Lines {
  const written: string[] = [];
  return {
    log: createLogger({ level, destination: { write: (line: string) => void written.push(line) } }),
    lines: () => written.map((line): Record<string, unknown> => JSON.parse(line)),
    text: () => written.join(''),
  };
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----';

/** What a log must never hold, each recognisable. */
const PLANTED = [
  'planted-password',
  'bo@tenant.example',
  'planted-key',
  JWT,
  'MIIEvQIBADANBgkq',
  'planted-path-secret',
];

describe('a log line', () => {
  it('is JSON with time, level, message and the fields that are allowed', () => {
    const { log, lines } = logging();
    log.warn({ tenantId: 't', commandId: 'c', attempt: 2, code: null }, 'a command waits');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/Z$/),
        tenantId: 't',
        commandId: 'c',
        attempt: 2,
        code: null,
        msg: 'a command waits',
      },
    ]);
  });

  it('drops what is below its level', () => {
    const { log, lines } = logging('warn');
    log.info({}, 'not this');
    log.error({}, 'but this');
    expect(lines().map(({ msg }) => msg)).toEqual(['but this']);
  });

  it('holds no field that is not on the list, and nothing inside of one', () => {
    const { log, lines, text } = logging();
    const fields: object = {
      accountId: 'a',
      authorization: 'planted-key',
      email: 'bo@tenant.example',
      credentials: { privateKey: PEM },
      code: { nested: 'planted-key' },
    };
    log.info(fields as LogFields, 'an object that happened to hold more');
    expect(lines()[0]).toMatchObject({ accountId: 'a' });
    for (const secret of PLANTED) expect(text()).not.toContain(secret);
  });

  it('is cleaned of secrets and addresses in what it may hold', () => {
    const { log, text } = logging();
    log.info(
      { code: `Bearer ${JWT}`, traceId: 'bo@tenant.example', operation: PEM, kind: 'Basic cGxhbnRlZC1rZXk=' },
      'x',
    );
    log.warn({}, `cannot reach postgres://user:planted-password@db/x for bo@tenant.example with ${JWT} and ${PEM}`);
    log.warn({}, 'POST https://sign.example/webhooks/docusign/planted-path-secret');
    for (const secret of [...PLANTED, 'cGxhbnRlZC1rZXk']) expect(text()).not.toContain(secret);
    expect(text()).toContain('@db/x for [removed]');
  });

  it('is one line and of bounded length, whatever is put into it', () => {
    const { log, text } = logging();
    log.info({ code: `a\nb\u0000${'x'.repeat(100_000)}` }, `forged"}\n{"level":"error"${'y'.repeat(100_000)}`);
    expect(text().split('\n')).toHaveLength(2);
    expect(text().length).toBeLessThan(1_500);
  });
});

describe('an error in a log', () => {
  it('keeps kind, code and frames, and the message of an error of the language', () => {
    const { log, lines } = logging();
    log.error({ err: Object.assign(new TypeError('x is not a function'), { code: 'ERR_X' }) }, 'failed');
    const [{ err } = { err: null }] = lines();
    expect(err).toMatchObject({ name: 'TypeError', code: 'ERR_X', message: 'x is not a function', cause: null });
    expect(err).toHaveProperty('frames', expect.arrayContaining([expect.stringMatching(/^at .*logger\.test\.ts/)]));
  });

  it("hides a database error's statement and parameters, and tells its SQLSTATE", () => {
    const { log, lines, text } = logging();
    const cause = Object.assign(new Error('invalid input syntax for type uuid: "planted-key"'), {
      code: '22P02',
      detail: 'planted-key',
    });
    // A parameter that looks like a frame must not pass for one.
    const params = ['bo@tenant.example', 'planted-password', '\n    at planted-key (file.ts:1:1)'];
    log.error({ err: new DrizzleQueryError('INSERT INTO recipients VALUES ($1, $2, $3)', params, cause) }, 'failed');
    expect(lines()[0]).toMatchObject({
      err: { name: 'DrizzleQueryError', message: null, cause: { code: '22P02', message: null } },
    });
    for (const secret of [...PLANTED, 'INSERT INTO']) expect(text()).not.toContain(secret);
  });

  it('hides what a parser quotes', () => {
    const { log, text } = logging();
    try {
      JSON.parse('planted-password');
    } catch (err) {
      log.error({ err }, 'failed');
    }
    expect(text()).toContain('SyntaxError');
    expect(text()).not.toContain('planted');
  });

  it("hides a provider's words, which name people", () => {
    const { log, text, lines } = logging();
    const fault = {
      providerCode: 'INVALID_EMAIL',
      providerMessage: 'bo@tenant.example',
      providerStatus: 400,
      traceId: 'abc',
    };
    log.error({ err: new ProviderRefused(fault) }, 'failed');
    expect(lines()[0]).toMatchObject({ err: { name: 'ProviderRefused', code: 'PROVIDER_REFUSED' } });
    expect(text()).not.toContain('bo@tenant.example');
  });

  it('hides properties and causes that hold requests', () => {
    const { log, text } = logging();
    const err = Object.assign(new Error('planted-password'), {
      config: { headers: { authorization: 'planted-key' } },
      cause: Object.assign(new Error('planted-path-secret'), { request: { body: PEM } }),
    });
    log.error({ err }, 'failed');
    for (const secret of PLANTED) expect(text()).not.toContain(secret);
  });

  it('ends where causes go in a ring', () => {
    const { log, lines } = logging();
    const err = new Error('x');
    err.cause = err;
    log.error({ err }, 'failed');
    expect(lines()).toHaveLength(1);
  });

  it.each([['planted-password'], [null], [{ secret: 'planted-key' }], [undefined]])('may be %j', (err) => {
    const { log, text } = logging();
    log.error({ err }, 'failed');
    expect(text()).toContain('failed');
    for (const secret of PLANTED) expect(text()).not.toContain(secret);
  });
});
