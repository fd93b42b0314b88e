/**
 * The environment as one typed, frozen object. Nothing else reads it. Whatever is missing or weak is named, all at once,
 * with the remedy and never with the value: what is printed at a failed start ends in a log.
 * @module
 */
import { z } from 'zod';
import { isAddressOrRange } from './model/addresses.ts';
import { isWebOrigin } from './model/origins.ts';
import { SSL_MODES, withVerifiedTls } from './model/ssl-mode.ts';
import { fittingAlgorithms, publicKeyFrom } from './model/token-keys.ts';

export interface ConfigProblem {
  /** Of the environment variable. */
  readonly name: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      [
        'countersign can not start with this configuration:',
        ...problems.map(({ name, message }) => `  ${name}: ${message}`),
      ].join('\n'),
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** For `countersign serve`. Throws ConfigError with everything that is missing or weak. */
export function serveConfig(env: NodeJS.ProcessEnv = process.env) {
  const { read, finish } = reader(env);
  const allowSandbox = read('ALLOW_SANDBOX', flag);
  const plain = allowSandbox === true;
  return finish({
    databaseUrl: read('DATABASE_URL', postgresUrl),
    /** Of this process. */
    databaseConnections: read('DATABASE_CONNECTIONS', whole(1, 500, 10)),
    /** Where this gateway is reached from outside; no slash at the end. */
    publicUrl: read('PUBLIC_URL', publicUrl(plain)),
    host: read('HOST', text.default('0.0.0.0')),
    /** 0 takes any that is free. */
    port: read('PORT', whole(0, 65_535, 4000)),
    /** The first seals, every one opens. */
    secretKeys: read('SECRET_KEYS', secretKeys),
    auth: readAuth(env, read, plain),
    /** Of browsers, for CORS and WebSocket. */
    allowedOrigins: read('ALLOWED_ORIGINS', origins),
    /** Who may call with webhooks; empty: everybody. */
    webhookSources: read('WEBHOOK_SOURCES', addresses),
    /** Whose `X-Forwarded-For` is believed. */
    trustedProxies: read('TRUSTED_PROXIES', addresses),
    /** Minutes between two sweeps of an account for what webhooks missed; 0 for none. */
    sweepMinutes: read('SWEEP_MINUTES', sweepMinutes),
    allowSandbox,
    introspection: read('INTROSPECTION', flag),
    /** The port is null when nobody is to be told; 0 takes any. */
    metricsListener: readMetrics(env, read),
    /** Whether an OpenTelemetry collector is named; the SDK reads the rest. */
    tracing: ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some((name) => env[name]?.trim()),
    drain: Object.freeze({
      /** Seconds between being told to stop and stopping: balancers need them to see that it isn't ready. */
      graceSeconds: read('DRAIN_GRACE_SECONDS', whole(0, 600, 5)) ?? 0,
      /** Seconds that what is under way has after that. */
      limitSeconds: read('DRAIN_LIMIT_SECONDS', whole(1, 3_600, 20)) ?? 1,
    }),
    logLevel: read(
      'LOG_LEVEL',
      z.enum(['silent', 'error', 'warn', 'info'], 'is silent, error, warn or info').default('info'),
    ),
  });
}

/** For `countersign doctor`: what is wrong, and what can be read all the same; null where it can't. */
export function doctorConfig(env: NodeJS.ProcessEnv = process.env) {
  const { read } = reader(env);
  const allowSandbox = read('ALLOW_SANDBOX', flag) === true;
  return {
    problems: serveProblems(env),
    databaseUrl: read('DATABASE_URL', postgresUrl),
    publicUrl: read('PUBLIC_URL', publicUrl(allowSandbox)),
    secretKeys: read('SECRET_KEYS', secretKeys),
    allowSandbox,
  };
}

function serveProblems(env: NodeJS.ProcessEnv): readonly ConfigProblem[] {
  try {
    serveConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** For `countersign migrate`, which needs no more. */
export function databaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const { read, finish } = reader(env);
  return finish({ url: read('DATABASE_URL', postgresUrl) }).url;
}

/** For `countersign token`: how tokens are signed with AUTH_SECRET. */
export function tokenConfig(env: NodeJS.ProcessEnv = process.env) {
  const { read, finish } = reader(env);
  const key = read('AUTH_SECRET', secret('is missing: tokens are signed here with a shared secret alone'));
  return finish({ ...readClaims(read), key, algorithms: ['HS256'] });
}

/** Its own port, and this machine alone unless told otherwise: how busy one is is nobody else's business. */
function readMetrics(env: NodeJS.ProcessEnv, read: Read) {
  if (!env['METRICS_PORT']?.trim()) return { port: null, host: '' };
  return Object.freeze({
    port: read('METRICS_PORT', whole(0, 65_535, 0)),
    host: read('METRICS_HOST', text.default('127.0.0.1')) ?? '',
  });
}

type Read = <T>(name: string, as: z.ZodType<T>) => T | null;
type Complete<T> = { readonly [K in keyof T]: NonNullable<T[K]> };

interface Reader {
  readonly problems: ConfigProblem[];
  /** Null after a problem was noted. */
  readonly read: Read;
  /** The settings, none of them missing. Throws ConfigError. */
  finish<T extends object>(settings: T): Complete<T>;
}

/** A variable that is set and empty counts as missing: compose files and charts leave one out that way. */
function reader(env: NodeJS.ProcessEnv): Reader {
  const problems: ConfigProblem[] = [];
  return {
    problems,
    read: (name, as) => {
      const parsed = as.safeParse(env[name]?.trim() || undefined);
      for (const { message } of parsed.error?.issues ?? []) problems.push({ name, message });
      return parsed.success ? parsed.data : null;
    },
    finish: (settings) => {
      if (problems.length > 0 || !isComplete(settings)) throw new ConfigError(problems);
      return Object.freeze(settings);
    },
  };
}

function isComplete<T extends object>(settings: T): settings is T & Complete<T> {
  return Object.values(settings).every((value) => value !== null);
}

const text = z.string('is missing');
const flag = z
  .enum(['0', '1', 'true', 'false'], 'is 1 or 0')
  .default('0')
  .transform((value) => value === '1' || value === 'true');

function items(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function whole(min: number, max: number, preset: number) {
  const message = `is a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,6}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(preset);
}

/** Not oftener than DocuSign's guidelines allow to ask. */
const sweepMinutes = whole(0, 1_440, 60).refine((value) => value === 0 || value >= 15, 'is 0 for none, or 15 to 1440');

function urlOf(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}

const postgresUrl = z
  .string('is missing: postgres://user:password@host/database')
  .refine((value) => /^postgres(ql)?:$/.test(urlOf(value)?.protocol ?? ''), {
    message: 'is not a postgres:// address; special characters of a password are written as %XX in it',
    abort: true,
  })
  .transform(withSslMode);

function withSslMode(value: string, context: z.core.$RefinementCtx<string>): string {
  const address = withVerifiedTls(value);
  if (address !== null) return address;
  context.addIssue({ code: 'custom', message: `has another sslmode than ${SSL_MODES.join(', ')}` });
  return z.NEVER;
}

function webUrl(missing: string, plain: boolean) {
  return z
    .string(missing)
    .refine((value) => /^https?:$/.test(urlOf(value)?.protocol ?? ''), { message: 'is no https address', abort: true })
    .refine(
      (value) => plain || value.toLowerCase().startsWith('https:'),
      'must be https (ALLOW_SANDBOX=1 lets a trial do without)',
    )
    .refine((value) => urlOf(value)?.username === '' && urlOf(value)?.password === '', 'must hold no user or password');
}

function publicUrl(plain: boolean) {
  return webUrl('is missing: the https address under which this gateway is reached from outside', plain)
    .refine((value) => !/[?#]/.test(value), 'must hold no query or fragment: paths are put behind it')
    .transform((value) => value.replace(/\/+$/, ''));
}

const origins = text
  .default('')
  .transform(items)
  .refine(
    (list) => list.every(isWebOrigin),
    'is a comma-separated list of origins such as https://app.example.com, as browsers send them: http or https, lower case, no path, no slash at the end, no *',
  );

const addresses = text
  .default('')
  .transform(items)
  .refine(
    (list) => list.every(isAddressOrRange),
    'is a comma-separated list of addresses and CIDR ranges such as 203.0.113.0/24, 2001:db8::/32',
  );

const NEW_KEY = 'make one with: openssl rand -base64 32';

/** `kid:base64` of 32 bytes, comma-separated. */
const secretKeys = z
  .string('is missing: give kid:base64 of 32 random bytes, such as k1:$(openssl rand -base64 32)')
  .transform((value, context) => {
    const names = new Set<string>();
    return value.split(',').map((item, index) => {
      // Counted and not quoted: an entry without its name is a key.
      const refuse = (why: string): void => context.addIssue({ code: 'custom', message: `entry ${index + 1} ${why}` });
      const [, kid = '', encoded = ''] = /^([\w-]{1,32}):([A-Za-z0-9+/_=-]+)$/.exec(item.trim()) ?? [];
      const key = Buffer.from(encoded, 'base64');
      if (kid === '') refuse('is not kid:base64, the kid of letters, digits, _ and -');
      else if (key.length !== 32) refuse(`holds ${key.length} bytes and not 32; ${NEW_KEY}`);
      else if (!looksRandom(key)) refuse(`is not random; ${NEW_KEY}`);
      else if (names.has(kid)) refuse('has the kid of an entry before it: each has its own, for good');
      names.add(kid);
      return { kid, key };
    });
  });

/** Of 32 random bytes fewer than 16 are different once in far more than the age of the universe. */
function looksRandom(bytes: Uint8Array): boolean {
  return new Set(bytes).size >= 16;
}

function secret(missing: string) {
  return (
    z
      .string(missing)
      .refine((value) => Buffer.byteLength(value) >= 32, `is shorter than 32 bytes; ${NEW_KEY}`)
      // Hexadecimal text has no more than 16 characters to choose from.
      .refine((value) => new Set(value).size >= 8, `is not random; ${NEW_KEY}`)
      .transform((value) => ({ kind: 'secret' as const, secret: value }))
  );
}

const publicKey = text.transform((value, context) => {
  try {
    publicKeyFrom(value);
    return { kind: 'public' as const, key: value };
  } catch {
    const message = 'is not a public key: give PEM (-----BEGIN PUBLIC KEY-----) or one JWK, never a private key';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
});

const types = text.default('at+jwt').transform((value, context): [string, ...string[]] => {
  const [first, ...rest] = items(value);
  if (first !== undefined) return [first, ...rest];
  context.addIssue({ code: 'custom', message: 'is a comma-separated list of what `typ` may be: at+jwt, JWT, none' });
  return z.NEVER;
});

function readClaims(read: Read) {
  return {
    issuer: read('AUTH_ISSUER', z.string('is missing: `iss` of the tokens')),
    audience: read('AUTH_AUDIENCE', z.string('is missing: `aud` of the tokens')),
    typ: read('AUTH_TYP', types),
    tenantClaim: read('AUTH_TENANT_CLAIM', text.default('tenant')),
    /** One of those that are looked at anyway, unless another is named. */
    scopeClaim: read('AUTH_SCOPE_CLAIM', text.default('scope')),
  };
}

function readAuth(env: NodeJS.ProcessEnv, read: Read, plain: boolean) {
  const key = readKey(env, read, plain);
  const settings = {
    ...readClaims(read),
    key,
    algorithms: key && read('AUTH_ALGORITHMS', algorithmsFor(key)),
  };
  return isComplete(settings) ? Object.freeze(settings) : null;
}

function readKey(env: NodeJS.ProcessEnv, read: Read, plain: boolean) {
  const names = ['AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY', 'AUTH_SECRET'].filter((name) => env[name]?.trim());
  if (names.length !== 1) {
    const why = names.length === 0 ? 'is missing' : `${names.join(' and ')} are both set`;
    const all = 'AUTH_JWKS_URL | AUTH_PUBLIC_KEY | AUTH_SECRET';
    return read(all, z.never(`${why}: exactly one says whom to believe`));
  }
  if (names[0] === 'AUTH_SECRET') return read('AUTH_SECRET', secret('is missing'));
  if (names[0] === 'AUTH_PUBLIC_KEY') return read('AUTH_PUBLIC_KEY', publicKey);
  const url = webUrl('is missing', plain).transform((url) => ({ kind: 'jwks' as const, url }));
  return read('AUTH_JWKS_URL', url);
}

/** What fits the key, so that no token chooses another way to be checked (RFC 8725 section 3.1). */
function algorithmsFor(key: NonNullable<ReturnType<typeof readKey>>) {
  const { fitting, preset, why } = fittingAlgorithms(key);
  return text
    .default(preset.join(','))
    .transform(items)
    .refine((list) => list.length > 0 && list.every((name) => fitting.includes(name)), why);
}
