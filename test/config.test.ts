import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, databaseUrl, serveConfig, tokenConfig } from '../src/config.ts';

const key = (): string => randomBytes(32).toString('base64');
const GOOD = {
  DATABASE_URL: 'postgres://countersign:pass@db.internal/countersign',
  PUBLIC_URL: 'https://sign.example.com/',
  SECRET_KEYS: `k1:${key()}`,
  AUTH_ISSUER: 'https://id.example.com',
  AUTH_AUDIENCE: 'countersign',
  AUTH_JWKS_URL: 'https://id.example.com/keys',
};
const WITH_SECRET = { ...GOOD, AUTH_JWKS_URL: '', AUTH_SECRET: randomBytes(32).toString('base64') };

function problemsOf(start: () => unknown): readonly { name: string; message: string }[] {
  try {
    start();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function problems(env: NodeJS.ProcessEnv): string[] {
  return problemsOf(() => serveConfig(env)).map(({ name, message }) => `${name}: ${message}`);
}

const pem = (type: 'public' | 'private', pair: ReturnType<typeof rsaPair>): string =>
  type === 'public'
    ? pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    : pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const withKey = (value: string) => serveConfig({ ...GOOD, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: value }).auth.algorithms;
const rsaPair = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength });

describe('the configuration of serve', () => {
  it('takes addresses and ranges that webhooks may come from, and proxies', () => {
    const lists = { WEBHOOK_SOURCES: '203.0.113.0/24, 2001:db8::/32,', TRUSTED_PROXIES: '10.0.0.1' };
    expect(serveConfig({ ...GOOD, ...lists })).toMatchObject({
      webhookSources: ['203.0.113.0/24', '2001:db8::/32'],
      trustedProxies: ['10.0.0.1'],
    });
    expect(serveConfig(GOOD)).toMatchObject({ webhookSources: [], trustedProxies: [] });
  });

  it.each(['docusign.net', '203.0.113.0/33', '*'])('takes no source %j', (list) => {
    expect(problems({ ...GOOD, WEBHOOK_SOURCES: list, TRUSTED_PROXIES: list })).toEqual([
      expect.stringMatching(/^WEBHOOK_SOURCES: is a comma-separated list of addresses/),
      expect.stringMatching(/^TRUSTED_PROXIES: is a comma-separated list of addresses/),
    ]);
  });

  it('takes what must be said and presets the rest', () => {
    const config = serveConfig(GOOD);
    expect(config).toMatchObject({
      publicUrl: 'https://sign.example.com',
      host: '0.0.0.0',
      port: 4000,
      databaseConnections: 10,
      allowedOrigins: [],
      allowSandbox: false,
      introspection: false,
      logLevel: 'info',
      auth: {
        typ: ['at+jwt'],
        tenantClaim: 'tenant',
        scopeClaim: 'scope',
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      },
    });
    expect(Object.isFrozen(config) && Object.isFrozen(config.auth)).toBe(true);
  });

  it('tells metrics nowhere, on this machine once a port is set, and elsewhere only when told', () => {
    expect(serveConfig({ ...GOOD, METRICS_HOST: '0.0.0.0' }).metricsListener).toEqual({ port: null, host: '' });
    const opened = { ...GOOD, METRICS_PORT: '9464' };
    expect(serveConfig(opened).metricsListener).toEqual({ port: 9464, host: '127.0.0.1' });
    expect(serveConfig({ ...opened, METRICS_HOST: '10.0.0.7' }).metricsListener).toEqual({
      port: 9464,
      host: '10.0.0.7',
    });
  });

  it('names everything that is missing at once', () => {
    const names = problemsOf(() => serveConfig({})).map(({ name }) => name);
    expect(names.toSorted()).toEqual([
      'AUTH_AUDIENCE',
      'AUTH_ISSUER',
      'AUTH_JWKS_URL | AUTH_PUBLIC_KEY | AUTH_SECRET',
      'DATABASE_URL',
      'PUBLIC_URL',
      'SECRET_KEYS',
    ]);
  });

  it.each([
    ['require', 'verify-full'],
    ['prefer', 'verify-full'],
    ['verify-ca', 'verify-full'],
    ['verify-full', 'verify-full'],
    ['no-verify', 'no-verify'],
    ['disable', 'disable'],
  ])('takes sslmode=%s for %s', (given, taken) => {
    const [asked, used] = [given, taken].map((mode) => `postgres://u:p%20w@db/x?sslmode=${mode}&sslrootcert=%2Fca.pem`);
    expect(databaseUrl({ DATABASE_URL: asked })).toBe(used);
  });

  it('leaves sslmode to the driver where libpq is to be followed', () => {
    const libpq = 'postgres://u@db/x?uselibpqcompat=true&sslmode=require';
    expect(databaseUrl({ DATABASE_URL: libpq })).toBe(libpq);
  });

  it('takes several types of tokens, and a claim for scopes', () => {
    const env = { ...GOOD, AUTH_TYP: 'at+jwt, JWT,none', AUTH_SCOPE_CLAIM: 'https://example.com/scopes' };
    expect(serveConfig(env).auth).toMatchObject({
      typ: ['at+jwt', 'JWT', 'none'],
      scopeClaim: 'https://example.com/scopes',
    });
  });

  it('takes a variable that is set and empty for one that is missing', () => {
    expect(problems({ ...GOOD, AUTH_ISSUER: ' ', HOST: '' })).toEqual(['AUTH_ISSUER: is missing: `iss` of the tokens']);
  });

  it('reads every key of the ring, the first one first', () => {
    const { secretKeys } = serveConfig({ ...GOOD, SECRET_KEYS: `new:${key()}, old:${key()}` });
    expect(secretKeys.map(({ kid }) => kid)).toEqual(['new', 'old']);
  });

  it.each([
    ['DATABASE_URL', 'mysql://db/x', 'is not a postgres:// address'],
    ['DATABASE_URL', 'postgres://user:p/w@db/x', 'is not a postgres:// address'],
    ['DATABASE_URL', 'postgres://db/x?sslmode=on', 'has another sslmode than disable, no-verify, prefer, require'],
    ['DATABASE_CONNECTIONS', '0', 'is a whole number from 1 to 500'],
    ['PORT', '65536', 'is a whole number from 0 to 65535'],
    ['PORT', '0x10', 'is a whole number from 0 to 65535'],
    ['PUBLIC_URL', 'sign.example.com', 'is no https address'],
    ['PUBLIC_URL', 'http://sign.example.com', 'must be https'],
    ['PUBLIC_URL', 'https://user:pw@sign.example.com', 'must hold no user or password'],
    ['PUBLIC_URL', 'https://sign.example.com/?a=b', 'must hold no query or fragment'],
    ['SECRET_KEYS', 'k1:c2hvcnQ=', 'entry 1 holds 5 bytes and not 32'],
    ['SECRET_KEYS', `k1:${Buffer.alloc(32, 1).toString('base64')}`, 'entry 1 is not random'],
    ['SECRET_KEYS', `k1:${key()},k1:${key()}`, 'entry 2 has the kid of an entry before it'],
    ['SECRET_KEYS', `k1:${key()},`, 'entry 2 is not kid:base64'],
    ['AUTH_JWKS_URL', 'http://id.example.com/keys', 'must be https'],
    ['AUTH_JWKS_URL', 'file:///etc/keys', 'is no https address'],
    ['AUTH_ALGORITHMS', 'none', 'does not fit a key set'],
    ['AUTH_ALGORITHMS', 'RS256,HS256', 'does not fit a key set'],
    ['AUTH_TYP', ',', 'is a comma-separated list of what `typ` may be'],
    ['ALLOWED_ORIGINS', '*', 'is a comma-separated list of origins'],
    ['ALLOWED_ORIGINS', 'https://app.example.com/', 'is a comma-separated list of origins'],
    ['ALLOWED_ORIGINS', 'null', 'is a comma-separated list of origins'],
    // No page has these, so nobody would ever be let in by them.
    ['ALLOWED_ORIGINS', 'wss://app.example.com', 'is a comma-separated list of origins'],
    ['ALLOWED_ORIGINS', 'https://App.example.com', 'is a comma-separated list of origins'],
    ['ALLOWED_ORIGINS', 'https://app.example.com:443', 'is a comma-separated list of origins'],
    ['SWEEP_MINUTES', '5', 'is 0 for none, or 15 to 1440'],
    ['SWEEP_MINUTES', '1441', 'is a whole number from 0 to 1440'],
    ['ALLOW_SANDBOX', 'yes', 'is 1 or 0'],
    ['INTROSPECTION', 'on', 'is 1 or 0'],
    ['LOG_LEVEL', 'loud', 'is silent, error, warn or info'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(problems({ ...GOOD, [name]: value })).toEqual([expect.stringContaining(`${name}: ${message}`)]);
  });

  it('lets a trial do without https', () => {
    const env = {
      ...GOOD,
      ALLOW_SANDBOX: '1',
      PUBLIC_URL: 'http://127.0.0.1:4000',
      AUTH_JWKS_URL: 'http://127.0.0.1/keys',
    };
    expect(serveConfig(env)).toMatchObject({ allowSandbox: true, publicUrl: 'http://127.0.0.1:4000' });
  });

  it('repeats no value of a secret, however it is wrong', () => {
    const bare = key();
    const short = 'only-a-short-secret';
    const error = new ConfigError(
      problemsOf(() =>
        serveConfig({
          ...WITH_SECRET,
          DATABASE_URL: 'redis://user:database-password@db',
          SECRET_KEYS: `${bare},k2:${bare.slice(4)}`,
          AUTH_SECRET: short,
        }),
      ),
    );
    expect(error.problems).toHaveLength(4);
    for (const value of [bare, bare.slice(4), short, 'database-password']) expect(error.message).not.toContain(value);
  });
});

describe('the key of tokens', () => {
  it('is one of three, never two', () => {
    expect(problems({ ...WITH_SECRET, AUTH_JWKS_URL: GOOD.AUTH_JWKS_URL })).toEqual([
      expect.stringContaining('AUTH_JWKS_URL and AUTH_SECRET are both set'),
    ]);
  });

  it.each([
    ['is shorter than 32 bytes', 'x1y2z3w4'],
    ['is not random', 'a'.repeat(64)],
  ])('is refused when a secret %s', (message, value) => {
    expect(problems({ ...WITH_SECRET, AUTH_SECRET: value })).toContainEqual(expect.stringContaining(message));
  });

  it('asks as many bytes of a secret as the algorithm has', () => {
    const hs512 = { ...WITH_SECRET, AUTH_ALGORITHMS: 'HS512' };
    expect(problems(hs512)).toEqual([expect.stringContaining('AUTH_ALGORITHMS: does not fit AUTH_SECRET')]);
    expect(problems({ ...hs512, AUTH_SECRET: randomBytes(48).toString('base64') })).toEqual([]);
  });

  it('decides the algorithm where none is named', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const ed = generateKeyPairSync('ed25519').publicKey;
    expect(withKey(pem('public', rsaPair()))).toEqual(['RS256']);
    expect(withKey(pem('public', rsaPair()).replaceAll('\n', '\\n'))).toEqual(['RS256']);
    expect(withKey(JSON.stringify(ec.export({ format: 'jwk' })))).toEqual(['ES384']);
    expect(withKey(ed.export({ type: 'spki', format: 'pem' }).toString())).toEqual(['EdDSA']);
    expect(serveConfig(WITH_SECRET).auth.algorithms).toEqual(['HS256']);
  });

  const pair = rsaPair();
  it.each([
    ['a private key', pem('private', pair), 'is not a public key'],
    ['a private JWK', JSON.stringify(pair.privateKey.export({ format: 'jwk' })), 'is not a public key'],
    ['a secret as JWK', JSON.stringify({ kty: 'oct', k: key() }), 'is not a public key'],
    ['text', `ssh-rsa ${key()}`, 'is not a public key'],
    ['RSA of 1024 bits', pem('public', rsaPair(1024)), 'use RSA of 2048 bits or more'],
  ])('is refused when AUTH_PUBLIC_KEY is %s', (_what, value, message) => {
    const found = problems({ ...GOOD, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: value });
    expect(found).toEqual([expect.stringContaining(message)]);
    expect(found.join()).not.toContain(value.slice(-40));
  });

  it('is never checked with an algorithm of another kind of key', () => {
    const env = { ...GOOD, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: pem('public', pair) };
    for (const AUTH_ALGORITHMS of ['HS256', 'RS256,HS256', 'ES256', 'none', ','])
      expect(problems({ ...env, AUTH_ALGORITHMS })).toEqual([expect.stringContaining('does not fit AUTH_PUBLIC_KEY')]);
  });
});

describe('the configuration of a single command', () => {
  it('asks of migrate the database alone', () => {
    expect(databaseUrl(GOOD)).toBe(GOOD.DATABASE_URL);
    expect(() => databaseUrl({})).toThrow('DATABASE_URL: is missing');
  });

  it('asks of token whom its tokens are for, and the secret they are signed with', () => {
    expect(tokenConfig(WITH_SECRET)).toMatchObject({
      issuer: GOOD.AUTH_ISSUER,
      algorithms: ['HS256'],
      typ: ['at+jwt'],
    });
    expect(problemsOf(() => tokenConfig({ AUTH_SECRET: '' })).map(({ name }) => name)).toEqual([
      'AUTH_SECRET',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
    ]);
  });
});
