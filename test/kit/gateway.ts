/**
 * The whole of countersign in this process: database, DocuSign sandbox and gateway, with a client for each transport.
 * Gone when the test file ends.
 * @module
 */
import { z } from 'zod';
import { mintToken } from '../../src/auth/mint.ts';
import { type Scope, SCOPES } from '../../src/auth/principal.ts';
import type { Database } from '../../src/db/client.ts';
import { control } from '../../src/sandbox/docusign/control.ts';
import { type DocusignSandbox, type SandboxOptions, startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { type GatewayOptions, type Gateway, startGateway } from '../../src/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { systemWorld, type World } from '../../src/world.ts';
import { atEnd } from './at-end.ts';
import { testDatabase } from './database.ts';
import { type Follower, followBySse, followByWebSocket } from './follow.ts';
import { Answer, textAt } from './answer.ts';

const AUTH: GatewayOptions['auth'] = {
  issuer: 'countersign-test',
  audience: 'countersign',
  key: { kind: 'secret', secret: 'a-secret-of-the-tests-that-is-long-enough' },
  algorithms: ['HS256'],
  typ: ['at+jwt'],
  tenantClaim: 'tenant',
  scopeClaim: 'scope',
};
const SECRET_KEYS = [{ kid: 'test', key: Buffer.alloc(32, 7) }];

export interface TokenOf {
  readonly tenantId: string;
  /** All of them when left out. */
  readonly scopes?: readonly Scope[];
  /** UUIDs; left out, the token is not narrowed. */
  readonly envelopes?: readonly string[];
  readonly expiresInSeconds?: number;
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly database: Database;
  readonly sandbox: DocusignSandbox;
  readonly world: World;
  /** Address of the gateway; GraphQL is at `/graphql`. */
  readonly url: string;
  /** Lines of the gateway's log, each of them JSON. */
  readonly log: readonly string[];
  token(of: TokenOf): Promise<string>;
  /** One operation over HTTP: its data and errors. */
  gql(token: string, document: string, variables?: object): Promise<Answer>;
  /** The same, with the `extensions` of the answer and other headers where given. */
  whole(
    token: string,
    document: string,
    variables?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** The sandbox's account, or another one of it, connected by `connectAccount`; answers its id (acc_…). */
  connectSandboxAccount(tenantId: string, other?: { readonly providerAccountId: string }): Promise<string>;
  sse(token: string, document: string, variables?: object): Follower;
  ws(token: string, document: string, variables?: object): Follower;
  /** A call of the sandbox's control API; `path` is relative to `/_sandbox`. */
  control(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** What really happened at the sandbox; `query` is that of its ledger. */
  ledger(query?: string): Promise<LedgerLine[]>;
}

const LedgerLine = z.looseObject({
  seq: z.number(),
  kind: z.string(),
  event: z.string().nullish(),
  route: z.string().nullish(),
  envelopeId: z.string().nullish(),
});
export type LedgerLine = z.infer<typeof LedgerLine>;
const Ledger = z.object({ entries: z.array(LedgerLine) });

const CONNECT = `mutation Connect($input: ConnectAccountInput!) {
  connectAccount(input: $input) {
    __typename
    ... on ConnectAccountPayload { account { id } }
    ... on Problem { code message }
  }
}`;

export async function startTestGateway(
  options: Partial<
    Pick<GatewayOptions, 'world' | 'outside' | 'introspection' | 'allowedOrigins' | 'publicUrl' | 'metrics'>
  > & {
    readonly sandbox?: SandboxOptions;
    /** A gateway whose database and sandbox this one shares, as replicas do. */
    readonly beside?: TestGateway;
  } = {},
): Promise<TestGateway> {
  const { sandbox: sandboxOptions = {}, world = systemWorld(), beside, ...changed } = options;
  const log: string[] = [];
  const database = beside?.database ?? (await testDatabase());
  const sandbox = beside?.sandbox ?? (await startDocusignSandbox({ seed: 7, ...sandboxOptions }));
  const gateway = await startGateway({
    database,
    world,
    logger: createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } }),
    secretKeys: SECRET_KEYS,
    auth: AUTH,
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    allowedOrigins: [],
    allowSandbox: true,
    introspection: false,
    graphiql: null,
    ...changed,
  });
  const followers: Follower[] = [];
  // What began last ends first: the gateway before its database.
  atEnd(async () => {
    await Promise.all(followers.map((follower) => follower.stop()));
    await gateway.close();
    if (!beside) await sandbox.close();
  });

  const endpoint = `${gateway.url}/graphql`;
  const followed = (follower: Follower): Follower => {
    followers.push(follower);
    return follower;
  };
  const token = ({ tenantId, scopes = SCOPES, envelopes, expiresInSeconds = 3_600 }: TokenOf): Promise<string> =>
    mintToken(AUTH, { tenantId, subject: 'tester', scopes, ...(envelopes && { envelopes }), expiresInSeconds }, world);
  const whole: TestGateway['whole'] = async (bearer, query, variables = {}, headers = {}) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return Answer.parse(await response.json());
  };
  const gql: TestGateway['gql'] = async (bearer, query, variables) => {
    const { extensions: _, ...answer } = await whole(bearer, query, variables);
    return answer;
  };
  const controlled: TestGateway['control'] = (method, path, body) => control(sandbox.url, method, path, body);

  return {
    gateway,
    database,
    sandbox,
    world,
    url: gateway.url,
    log,
    token,
    gql,
    whole,
    connectSandboxAccount: async (tenantId, other) => {
      const { integrationKey, userId, accountId, privateKey, hmacKeys } = sandbox.credentials;
      const { providerAccountId = accountId } = other ?? {};
      const docusign = { integrationKey, userId, privateKey, hmacKeys, providerAccountId, oauthUrl: sandbox.url };
      const input = { environment: 'SANDBOX', credentials: { docusign } };
      const bearer = await token({ tenantId, scopes: ['accounts:write'] });
      const answer = await gql(bearer, CONNECT, { input });
      return textAt(answer, 'data.connectAccount.account.id');
    },
    sse: (bearer, query, variables = {}) => followed(followBySse(endpoint, bearer, { query, variables })),
    ws: (bearer, query, variables = {}) =>
      followed(followByWebSocket(endpoint.replace('http', 'ws'), bearer, { query, variables })),
    control: controlled,
    ledger: async (query = '') => Ledger.parse(await controlled('GET', `/ledger${query}`)).entries,
  };
}
