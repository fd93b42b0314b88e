/**
 * The same rows without countersign: `peer.ts floor` answers JSON from `node:http` and pg, one statement a request;
 * `peer.ts apollo` is Apollo Server with a DataLoader for recipients. Neither checks a token; countersign does.
 * @module
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { Pool } from 'pg';
import { TENANT } from '../kit/gateway.ts';

const [, , variant = '', connectionString = ''] = process.argv;
const pool = new Pool({ connectionString, max: 10 });

interface Recipient {
  readonly envelope: string;
  readonly name: string;
  readonly email: string;
  readonly status: string;
}

interface Envelope {
  readonly id: string;
  readonly subject: string;
  readonly status: string;
}

const PUBLIC = (column: string): string => `'env_' || ${column}::text`;

async function oneEnvelope(id: string): Promise<Envelope | null> {
  const { rows } = await pool.query<Envelope>({
    name: 'one',
    text: `SELECT ${PUBLIC('id')} AS id, subject, status FROM envelopes WHERE tenant_id = $1 AND id = $2`,
    values: [TENANT, id.replace('env_', '')],
  });
  return rows[0] ?? null;
}

async function page(first: number): Promise<Envelope[]> {
  const { rows } = await pool.query<Envelope>({
    name: 'page',
    text: `SELECT ${PUBLIC('id')} AS id, subject, status FROM envelopes WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`,
    values: [TENANT, first],
  });
  return rows;
}

function recipientsLoader(): DataLoader<string, Recipient[]> {
  return new DataLoader(async (ids) => {
    const { rows } = await pool.query<Recipient>({
      name: 'recipients',
      text: `SELECT ${PUBLIC('envelope_id')} AS envelope, name, email, status FROM recipients
        WHERE tenant_id = $1 AND envelope_id = ANY($2::uuid[]) ORDER BY position`,
      values: [TENANT, ids.map((id) => id.replace('env_', ''))],
    });
    const byEnvelope = Map.groupBy(rows, ({ envelope }) => envelope);
    return ids.map((id) => byEnvelope.get(id) ?? []);
  });
}

function ready(port: number): void {
  console.log(JSON.stringify({ port }));
}

async function apollo(): Promise<void> {
  const server = new ApolloServer<{ recipients: DataLoader<string, Recipient[]> }>({
    typeDefs: `
      type Recipient { name: String! email: String! status: String! }
      type Envelope { id: ID! subject: String! status: String! recipients: [Recipient!]! }
      type Envelopes { nodes: [Envelope!]! }
      type Query { envelope(id: ID!): Envelope envelopes(first: Int!): Envelopes }`,
    resolvers: {
      Query: {
        envelope: (_root: unknown, { id }: { id: string }) => oneEnvelope(id),
        envelopes: async (_root: unknown, { first }: { first: number }) => ({ nodes: await page(first) }),
      },
      Envelope: {
        recipients: (
          { id }: Envelope,
          _input: unknown,
          { recipients }: { recipients: DataLoader<string, Recipient[]> },
        ) => recipients.load(id),
      },
    },
  });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: () => Promise.resolve({ recipients: recipientsLoader() }),
  });
  ready(Number(new URL(url).port));
}

const WITH_RECIPIENTS = `json_build_object('id', ${PUBLIC('e.id')}, 'subject', e.subject, 'status', e.status, 'recipients',
  (SELECT json_agg(json_build_object('name', r.name, 'email', r.email, 'status', r.status) ORDER BY r.position)
   FROM recipients r WHERE r.tenant_id = e.tenant_id AND r.envelope_id = e.id))`;

async function answer(asked: Promise<{ rows: { json: string }[] }>, res: ServerResponse): Promise<void> {
  try {
    const body = (await asked).rows[0]?.json ?? '';
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  } catch (error) {
    console.error(error);
    res.writeHead(500).end();
  }
}

/** The JSON is made by the database and passed on as text: nothing can do less. */
function floor(): void {
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    const id = url.searchParams.get('id');
    const asked =
      id === null
        ? pool.query<{ json: string }>({
            name: 'page',
            text: `SELECT json_build_object('data', json_build_object('envelopes', json_build_object('nodes', json_agg(p.json))))::text AS json
              FROM (SELECT ${WITH_RECIPIENTS} AS json FROM envelopes e WHERE e.tenant_id = $1 ORDER BY e.created_at DESC, e.id DESC LIMIT 50) p`,
            values: [TENANT],
          })
        : pool.query<{ json: string }>({
            name: 'one',
            text: `SELECT json_build_object('data', json_build_object('envelope', ${WITH_RECIPIENTS}))::text AS json
              FROM envelopes e WHERE e.tenant_id = $1 AND e.id = $2`,
            values: [TENANT, id.replace('env_', '')],
          });
    void answer(asked, res);
  });
  server.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port));
}

if (variant === 'apollo') await apollo();
else floor();
process.once('SIGTERM', () => process.exit(0));
