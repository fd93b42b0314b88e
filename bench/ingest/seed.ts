/**
 * A database with one connected account and ten thousand envelopes that are out for signing, for the gateway and for the
 * peers alike.
 * @module
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { mintToken } from '../../src/auth/mint.ts';
import { SCOPES } from '../../src/auth/principal.ts';
import { migratePostgres } from '../../src/db/migrate.ts';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { startGateway } from '../../src/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { systemWorld } from '../../src/world.ts';
import { run, urlOf } from '../kit/database.ts';
import { AUTH_SECRET, SECRET_KEY, TENANT } from '../kit/gateway.ts';
import { ENVELOPE_ID_PREFIX, ENVELOPES, HMAC_KEY, providerIdOf } from './message.ts';

export interface Seeded {
  /** Of the webhook. */
  readonly path: string;
  /** The account's id at the provider. */
  readonly accountId: string;
  /** The bearer token that reads the envelopes. */
  readonly token: string;
}

const PDF = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
);

export async function seed(database: string): Promise<Seeded> {
  const url = urlOf(database);
  await migratePostgres(url);
  const world = systemWorld();
  const opened = openPostgres({ url, world });
  const sandbox = await startDocusignSandbox({ seed: 7 });
  const auth = {
    issuer: 'bench',
    audience: 'countersign',
    key: { kind: 'secret' as const, secret: AUTH_SECRET },
    algorithms: ['HS256'],
    typ: ['at+jwt'],
    tenantClaim: 'tenant',
    scopeClaim: 'scope',
  };
  const gateway = await startGateway({
    database: opened,
    world,
    logger: createLogger({ level: 'warn' }),
    secretKeys: [{ kid: 'bench', key: Buffer.from(SECRET_KEY, 'base64') }],
    auth,
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    allowedOrigins: [],
    allowSandbox: true,
    introspection: false,
    graphiql: null,
  });
  const token = await mintToken(
    auth,
    { tenantId: TENANT, subject: 'bench', scopes: SCOPES, expiresInSeconds: 86_400 },
    world,
  );
  const ask = async (query: string, input: object): Promise<unknown> => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    });
    return response.json();
  };
  const { integrationKey, userId, accountId, privateKey } = sandbox.credentials;
  const Connected = z.object({
    data: z.object({ connectAccount: z.object({ account: z.object({ id: z.string() }), webhookUrl: z.url() }) }),
  });
  const connected = Connected.parse(
    await ask(
      `mutation ($input: ConnectAccountInput!) {
        connectAccount(input: $input) { ... on ConnectAccountPayload { webhookUrl account { id } } ... on Problem { message } }
      }`,
      {
        environment: 'SANDBOX',
        credentials: {
          docusign: {
            integrationKey,
            userId,
            privateKey,
            hmacKeys: [HMAC_KEY],
            providerAccountId: accountId,
            oauthUrl: sandbox.url,
          },
        },
      },
    ),
  ).data.connectAccount;
  const Sent = z.object({
    data: z.object({ sendEnvelope: z.object({ envelope: z.object({ status: z.literal('SENT') }) }) }),
  });
  Sent.parse(
    await ask(
      `mutation ($input: SendEnvelopeInput!) {
        sendEnvelope(input: $input) { ... on SendEnvelopePayload { envelope { status } } ... on Problem { message } }
      }`,
      {
        idempotencyKey: 'bench',
        what: {
          envelope: {
            accountId: connected.account.id,
            subject: 'Lease',
            content: {
              documents: {
                documents: [{ key: 'lease', filename: 'lease.pdf', source: { base64: PDF.toString('base64') } }],
                recipients: [
                  {
                    key: 'tenant',
                    role: 'SIGNER',
                    name: 'Bo Tenant',
                    email: 'bo@tenant.example',
                    routingOrder: 1,
                    fields: [{ kind: 'SIGNATURE', place: { at: { document: 'lease', page: 1, x: 100, y: 100 } } }],
                  },
                  {
                    key: 'landlord',
                    role: 'SIGNER',
                    name: 'Cy Landlord',
                    email: 'cy@landlord.example',
                    routingOrder: 2,
                    fields: [{ kind: 'SIGNATURE', place: { at: { document: 'lease', page: 1, x: 100, y: 200 } } }],
                  },
                ],
              },
            },
          },
        },
      },
    ),
  );
  await gateway.close();
  await opened.close();
  await sandbox.close();
  await multiply(database);
  return { path: new URL(connected.webhookUrl).pathname, accountId, token };
}

/** The one envelope becomes ten thousand, with provider ids that messages can name. */
async function multiply(database: string): Promise<void> {
  const columns = async (table: string): Promise<string[]> =>
    (
      await run<{ column_name: string }>(
        database,
        `SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position`,
        [table],
      )
    ).map((row) => `"${row.column_name}"`);
  const envelopes = await columns('envelopes');
  const recipients = await columns('recipients');
  await run(
    database,
    `INSERT INTO envelopes (${envelopes.join(', ')})
     SELECT ${copy(envelopes, { '"id"': uuidEndingIn(ENVELOPE_ID_PREFIX), '"provider_id"': `'${providerIdOf(0).slice(0, -12)}' || lpad(to_hex(n), 12, '0')` })}
     FROM envelopes x, generate_series(0, ${ENVELOPES - 1}) n`,
  );
  await run(
    database,
    `INSERT INTO recipients (${recipients.join(', ')})
     SELECT ${copy(recipients, { '"id"': uuidEndingIn("01900000-0000-7000-9' || lpad(x.position::text, 3, '0') || '-"), '"envelope_id"': uuidEndingIn(ENVELOPE_ID_PREFIX) })}
     FROM recipients x, generate_series(0, ${ENVELOPES - 1}) n`,
  );
  await run(database, 'DELETE FROM due');
  await run(database, readFileSync(new URL('./tables.sql', import.meta.url), 'utf8'));
  await run(
    database,
    `INSERT INTO peer_envelope (provider_id, status, changed_at)
     SELECT '${providerIdOf(0).slice(0, -12)}' || lpad(to_hex(n), 12, '0'), 'sent', '2030-01-15T10:00:00Z'
     FROM generate_series(0, ${ENVELOPES - 1}) n`,
  );

  await run(database, 'VACUUM ANALYZE');
}

function copy(all: readonly string[], changed: Readonly<Record<string, string>>): string {
  return all.map((name) => changed[name] ?? `x.${name}`).join(', ');
}

/** SQL for a UUID that ends in the number `n`. */
function uuidEndingIn(prefix: string): string {
  return `('${prefix}' || lpad(to_hex(n), 12, '0'))::uuid`;
}
