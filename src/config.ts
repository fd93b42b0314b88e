/**
 * The environment as one typed object. Nothing else reads it. Whatever is missing or weak is named, all at once.
 * @module
 */
import { z } from 'zod';

export interface ConfigProblem {
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

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z
  .enum(['0', '1', 'true', 'false'], 'is 1 or 0')
  .default('0')
  .transform((text) => text === '1' || text === 'true');
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

/** `kid:base64` of 32 bytes, comma-separated: the first one seals, every one opens. */
const SecretKeys = z
  .string('is missing: give kid:base64 of 32 random bytes, such as k1:$(openssl rand -base64 32)')
  .transform((text, context) =>
    text.split(',').map((item) => {
      const [kid = '', encoded = ''] = item.trim().split(':');
      const key = Buffer.from(encoded, 'base64');
      if (!/^[\w-]{1,32}$/.test(kid) || key.length !== 32) {
        context.addIssue({ code: 'custom', message: `the key "${kid}" is not a name and base64 of exactly 32 bytes` });
      }
      return { kid, key };
    }),
  );

const ALGORITHMS = { jwks: ['RS256', 'ES256', 'EdDSA'], public: ['RS256'], secret: ['HS256'] } as const;

const Environment = z.object({
  DATABASE_URL: z
    .string('is missing: postgres://user:password@host/database')
    .regex(/^postgres(ql)?:\/\//, 'is not a postgres:// address'),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(1).max(500).default(10),
  PUBLIC_URL: z
    .url('is missing: the https address under which this gateway is reached from outside')
    .transform((url) => url.replace(/\/+$/, '')),
  HOST: z.string().default('0.0.0.0'),
  PORT: port.default(4000),
  SECRET_KEYS: SecretKeys,
  AUTH_ISSUER: z.string('is missing: `iss` of the tokens').min(1, 'is empty'),
  AUTH_AUDIENCE: z.string('is missing: `aud` of the tokens').min(1, 'is empty'),
  AUTH_JWKS_URL: z.url('is no address').optional(),
  AUTH_PUBLIC_KEY: z.string().optional(),
  AUTH_SECRET: z
    .string()
    .refine((text) => Buffer.byteLength(text) >= 32, 'is shorter than 32 bytes')
    .optional(),
  AUTH_ALGORITHMS: list,
  AUTH_TYP: z.string().default('at+jwt'),
  AUTH_TENANT_CLAIM: z.string().default('tenant'),
  ALLOWED_ORIGINS: list,
  ALLOW_SANDBOX: flag,
  INTROSPECTION: flag,
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info'], 'is silent, error, warn or info').default('info'),
});
type Environment = z.infer<typeof Environment>;

export type ServeConfig = Readonly<ReturnType<typeof shape>>;

/** For `countersign serve`. Throws ConfigError with everything that is missing or weak. */
export function serveConfig(env: NodeJS.ProcessEnv = process.env): ServeConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => ({ name: issue.path.map(String).join('.'), message: issue.message }));
  problems.push(...crossChecks(given));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return shape(parsed.data);
}

/** For `countersign migrate`, which needs no more. */
export function databaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const parsed = Environment.shape.DATABASE_URL.safeParse(env['DATABASE_URL'] || undefined);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ message }) => ({ name: 'DATABASE_URL', message })));
  }
  return parsed.data;
}

const AuthEnvironment = Environment.pick({
  AUTH_ISSUER: true,
  AUTH_AUDIENCE: true,
  AUTH_SECRET: true,
  AUTH_TYP: true,
  AUTH_TENANT_CLAIM: true,
}).required({ AUTH_SECRET: true });

/** For `countersign token`: how tokens are signed with AUTH_SECRET. */
export function tokenConfig(env: NodeJS.ProcessEnv = process.env) {
  const parsed = AuthEnvironment.safeParse(env);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => ({ name: path.map(String).join('.'), message })),
    );
  }
  const {
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: audience,
    AUTH_SECRET: secret,
    AUTH_TYP: typ,
    AUTH_TENANT_CLAIM: tenantClaim,
  } = parsed.data;
  return { issuer, audience, typ, tenantClaim, algorithms: ['HS256'], key: { kind: 'secret' as const, secret } };
}

/** What no variable shows by itself. */
function crossChecks(env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const sources = ['AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY', 'AUTH_SECRET'].filter((name) => env[name] !== undefined);
  if (sources.length !== 1) {
    const message = sources.length === 0 ? 'is missing' : `${sources.join(' and ')} are both set`;
    problems.push({
      name: 'AUTH_JWKS_URL | AUTH_PUBLIC_KEY | AUTH_SECRET',
      message: `${message}: exactly one says whom to believe`,
    });
  }
  const sandbox = env['ALLOW_SANDBOX'] === '1' || env['ALLOW_SANDBOX'] === 'true';
  for (const name of ['PUBLIC_URL', 'AUTH_JWKS_URL']) {
    const url = env[name];
    if (url && URL.canParse(url) && !url.startsWith('https://') && !sandbox) {
      problems.push({ name, message: 'must be https (ALLOW_SANDBOX=1 lets a trial do without)' });
    }
  }
  const algorithms = (env['AUTH_ALGORITHMS'] ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const symmetric = algorithms.filter((algorithm) => algorithm.startsWith('HS'));
  if (
    algorithms.includes('none') ||
    (env['AUTH_SECRET'] === undefined ? symmetric.length > 0 : symmetric.length < algorithms.length)
  ) {
    problems.push({
      name: 'AUTH_ALGORITHMS',
      message: 'does not fit the key: HS256, HS384, HS512 go with AUTH_SECRET and with nothing else',
    });
  }
  return problems;
}

function shape(env: Environment) {
  const kind = env.AUTH_JWKS_URL ? 'jwks' : env.AUTH_SECRET ? 'secret' : 'public';
  const key =
    kind === 'jwks'
      ? ({ kind, url: env.AUTH_JWKS_URL ?? '' } as const)
      : kind === 'secret'
        ? ({ kind, secret: env.AUTH_SECRET ?? '' } as const)
        : ({ kind, key: env.AUTH_PUBLIC_KEY ?? '' } as const);
  return {
    databaseUrl: env.DATABASE_URL,
    databaseConnections: env.DATABASE_CONNECTIONS,
    publicUrl: env.PUBLIC_URL,
    host: env.HOST,
    port: env.PORT,
    secretKeys: env.SECRET_KEYS,
    auth: {
      issuer: env.AUTH_ISSUER,
      audience: env.AUTH_AUDIENCE,
      key,
      algorithms: env.AUTH_ALGORITHMS.length > 0 ? env.AUTH_ALGORITHMS : [...ALGORITHMS[kind]],
      typ: env.AUTH_TYP,
      tenantClaim: env.AUTH_TENANT_CLAIM,
    },
    allowedOrigins: env.ALLOWED_ORIGINS,
    allowSandbox: env.ALLOW_SANDBOX,
    introspection: env.INTROSPECTION,
    logLevel: env.LOG_LEVEL,
  };
}
