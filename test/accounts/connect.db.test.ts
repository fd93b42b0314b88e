import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { createSealer } from '../../src/auth/sealer.ts';
import { type Database, rowsOf } from '../../src/db/client.ts';
import { accounts as table, routes } from '../../src/db/tables/accounts.ts';
import { InvalidInput, NotFound, ProviderRefused } from '../../src/model/problems.ts';
import type { WebhookMode } from '../../src/model/words.ts';
import { testDatabase } from '../kit/database.ts';
import { PUBLIC_URL, request, RING, testAccounts } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

const secretOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
const rowsOfTenant = (tenantId: string) => database.withTenants([tenantId], (tx) => tx.select().from(table));

describe('connecting an account', () => {
  it('keeps what the provider told, and gives it an address for webhooks', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    const row = await accounts.connect({ tenantId }, request({ account: 'theirs-1' }));
    expect(row).toMatchObject({
      tenantId,
      provider: 'DOCUSIGN',
      environment: 'DEMO',
      providerAccountId: 'theirs-1',
      name: 'Fake Lettings',
      baseUri: 'https://fake.example',
      webhookMode: 'PER_ENVELOPE',
      disconnectedAt: null,
    });
    expect(await accounts.webhookUrl(row)).toMatch(/^https:\/\/sign\.example\/webhooks\/docusign\/[\w-]{43}$/);
    expect(fake.asked.map(({ method }) => method)).toEqual(['connect']);
  });

  it('leaves no secret in clear in any row of any table', async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const planted = ['planted-password', 'planted-hmac-1', 'planted-hmac-2'];
    const [password, ...hmacKeys] = planted;
    const row = await accounts.connect({ tenantId }, request({ password, hmacKeys }));
    const pathSecret = secretOf(await accounts.webhookUrl(row));
    const dump = await dumpOf(database, tenantId);
    expect(dump).toContain(row.id);
    for (const secret of [...planted, pathSecret]) {
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(Buffer.from(secret).toString('base64url'));
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  it('again renews the same row, and keeps the address that envelopes under way report to', async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const first = await accounts.connect({ tenantId }, request({ password: 'old' }));
    const second = await accounts.connect({ tenantId }, request({ password: 'new', hmacKeys: ['k-new'] }));
    expect(second.id).toBe(first.id);
    expect(await accounts.webhookUrl(second)).toBe(await accounts.webhookUrl(first));
    expect(second.credentials).not.toBe(first.credentials);
    expect(await rowsOfTenant(tenantId)).toHaveLength(1);
  });

  it('begins no mode ACCOUNT, which waits for the registration, and ends none unless it is told to', async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const modeAfter = async (webhook: WebhookMode): Promise<WebhookMode> =>
      (await accounts.connect({ tenantId }, { ...request(), webhook })).webhookMode;
    expect([await modeAfter('ACCOUNT'), await modeAfter('ACCOUNT')]).toEqual(['PER_ENVELOPE', 'PER_ENVELOPE']);
    await database.withTenants([tenantId], (tx) => tx.update(table).set({ webhookMode: 'ACCOUNT' }));
    expect([await modeAfter('ACCOUNT'), await modeAfter('PER_ENVELOPE')]).toEqual(['ACCOUNT', 'PER_ENVELOPE']);
  });

  it('ten times at once ends in one row with one address', async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const made = await Promise.all(Array.from({ length: 10 }, () => accounts.connect({ tenantId }, request())));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    const addresses = await database.withTenants([], (tx) =>
      tx.select().from(routes).where(eq(routes.tenantId, tenantId)),
    );
    expect(addresses).toHaveLength(1);
  });

  it('brings back one that was disconnected', async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const { id } = await accounts.connect({ tenantId }, request());
    await disconnect(database, tenantId, id);
    const again = await accounts.connect({ tenantId }, request());
    expect(again).toMatchObject({ id, disconnectedAt: null });
  });

  it('keeps the same provider account of two tenants, and of two environments, apart', async () => {
    const { accounts } = testAccounts(database, { allowSandbox: true });
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const demo = await accounts.connect({ tenantId }, request());
    const live = await accounts.connect({ tenantId }, { ...request(), environment: 'LIVE' });
    const theirs = await accounts.connect({ tenantId: other }, request());
    expect(new Set([demo.id, live.id, theirs.id]).size).toBe(3);
    const urls = await Promise.all([demo, live, theirs].map((row) => accounts.webhookUrl(row)));
    expect(new Set(urls).size).toBe(3);
  });

  it('takes a SANDBOX account only where that is allowed', async () => {
    const tenantId = randomUUID();
    const sandbox = { ...request(), environment: 'SANDBOX' as const };
    const { accounts, fake } = testAccounts(database);
    const refused: unknown = await accounts.connect({ tenantId }, sandbox).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused).toMatchObject({ issues: [{ code: 'NOT_SUPPORTED', path: ['environment'] }] });
    expect(fake.asked).toEqual([]);
    const open = testAccounts(database, { allowSandbox: true });
    await expect(open.accounts.connect({ tenantId }, sandbox)).resolves.toMatchObject({ environment: 'SANDBOX' });
  });

  it('stores nothing when the provider refuses', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    const fault = { providerCode: 'invalid_grant', providerMessage: 'no', providerStatus: 400, traceId: null };
    fake.does.connect = () => Promise.reject(new ProviderRefused(fault));
    await expect(accounts.connect({ tenantId }, request())).rejects.toBeInstanceOf(ProviderRefused);
    expect(await rowsOfTenant(tenantId)).toEqual([]);
  });

  it('holds no transaction open while the provider is asked', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    fake.does.connect = async (input, world) => {
      // On PGlite there is one connection: this would wait for ever.
      await database.withTenants([tenantId], (tx) => tx.select().from(table));
      return fake.defaults.connect(input, world);
    };
    await expect(accounts.connect({ tenantId }, request())).resolves.toMatchObject({ tenantId });
  });
});

describe('the client of an account', () => {
  it('is opened with what was sealed, once', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    const row = await accounts.connect({ tenantId }, request({ password: 'api-password' }));
    const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => accounts.client(tenantId, row.id)));
    expect(others.every((client) => client === first)).toBe(true);
    expect(fake.asked.filter(({ method }) => method === 'open')).toEqual([
      {
        method: 'open',
        argument: {
          environment: 'DEMO',
          providerAccountId: 'account-1',
          baseUri: 'https://fake.example',
          credentials: { user: 'api-user', password: 'api-password' },
          webhookUrl: await accounts.webhookUrl(row),
        },
      },
    ]);
  });

  it('is opened anew when the account was connected again, by another process too', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    const { id } = await accounts.connect({ tenantId }, request({ password: 'old' }));
    const before = await accounts.client(tenantId, id);
    await testAccounts(database).accounts.connect({ tenantId }, request({ password: 'new' }));
    expect(await accounts.client(tenantId, id)).not.toBe(before);
    expect(fake.asked.at(-1)).toMatchObject({ argument: { credentials: { password: 'new' } } });
  });

  it('is not remembered when it could not be opened', async () => {
    const tenantId = randomUUID();
    const { id } = await testAccounts(database).accounts.connect({ tenantId }, request());
    let broken = true;
    const sealer = createSealer(RING);
    const { accounts } = testAccounts(database, {
      sealer: { ...sealer, open: (...of) => (broken ? Promise.reject(new Error('not now')) : sealer.open(...of)) },
    });
    await expect(accounts.client(tenantId, id)).rejects.toThrow('not now');
    broken = false;
    await expect(accounts.client(tenantId, id)).resolves.toBeTruthy();
  });

  it("does not exist for an account that is unknown, another tenant's, or disconnected", async () => {
    const { accounts } = testAccounts(database);
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const { id } = await accounts.connect({ tenantId }, request());
    await expect(accounts.client(tenantId, randomUUID())).rejects.toBeInstanceOf(NotFound);
    await expect(accounts.client(other, id)).rejects.toBeInstanceOf(NotFound);
    await accounts.client(tenantId, id);
    await disconnect(database, tenantId, id);
    await expect(accounts.client(tenantId, id)).rejects.toBeInstanceOf(NotFound);
  });

  it("is not opened with a ciphertext that was moved from another account's row", async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const mine = await accounts.connect({ tenantId }, request({ account: 'a' }));
    const other = await accounts.connect({ tenantId }, request({ account: 'b' }));
    await database.withTenants([tenantId], (tx) =>
      tx.update(table).set({ credentials: other.credentials }).where(eq(table.id, mine.id)),
    );
    await expect(accounts.client(tenantId, mine.id)).rejects.toThrow('where another belongs');
  });
});

describe('a list of accounts', () => {
  it('is paged in the order they were connected, and holds those of its tenant alone', async () => {
    const { accounts } = testAccounts(database);
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const made: string[] = [];
    for (const account of ['a', 'b', 'c', 'd', 'e'])
      made.push((await accounts.connect({ tenantId }, request({ account }))).id);
    await accounts.connect({ tenantId: other }, request());
    const seen: string[] = [];
    for (let after: { at: Date; id: string } | null = null; ;) {
      const rows: readonly { id: string; createdAt: Date }[] = await accounts.list(tenantId, { first: 2, after });
      seen.push(...rows.map(({ id }) => id));
      const last = rows.at(-1);
      if (!last || rows.length < 2) break;
      after = { at: last.createdAt, id: last.id };
    }
    expect(seen).toEqual(made);
  });

  it('by ids leaves out what is unknown and what is another tenant’s', async () => {
    const { accounts } = testAccounts(database);
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const mine = await accounts.connect({ tenantId }, request());
    const theirs = await accounts.connect({ tenantId: other }, request());
    const found = await accounts.get(tenantId, [mine.id, theirs.id, randomUUID()]);
    expect([...found.keys()]).toEqual([mine.id]);
    expect(await accounts.get(tenantId, [])).toEqual(new Map());
  });
});

describe('a webhook address', () => {
  it('leads to its account and every key that is live', async () => {
    const { accounts, fake } = testAccounts(database);
    const tenantId = randomUUID();
    const row = await accounts.connect({ tenantId }, request({ account: 'theirs', hmacKeys: ['k-old', 'k-new'] }));
    const url = await accounts.webhookUrl(row);
    expect(url.startsWith(`${PUBLIC_URL}/webhooks/docusign/`)).toBe(true);
    expect(await accounts.webhookRoute('docusign', secretOf(url))).toEqual({
      tenantId,
      accountId: row.id,
      provider: fake,
      providerAccountId: 'theirs',
      keys: ['k-old', 'k-new'],
    });
  });

  it("is nobody's under another provider's name, when it is made up, and once the account is disconnected", async () => {
    const { accounts } = testAccounts(database);
    const tenantId = randomUUID();
    const row = await accounts.connect({ tenantId }, request());
    const secret = secretOf(await accounts.webhookUrl(row));
    expect(await accounts.webhookRoute('dropbox-sign', secret)).toBeNull();
    expect(await accounts.webhookRoute('docusign', 'A'.repeat(43))).toBeNull();
    expect(await accounts.webhookRoute('docusign', `${secret}'`)).toBeNull();
    await disconnect(database, tenantId, row.id);
    expect(await testAccounts(database).accounts.webhookRoute('docusign', secret)).toBeNull();
  });

  it('knows the new keys at once in the process that connected, and soon in the others', async () => {
    const [here, there] = [testAccounts(database), testAccounts(database)];
    const tenantId = randomUUID();
    const row = await here.accounts.connect({ tenantId }, request({ hmacKeys: ['k-old'] }));
    const secret = secretOf(await here.accounts.webhookUrl(row));
    const keys = async (side: typeof here) => (await side.accounts.webhookRoute('docusign', secret))?.keys;
    await Promise.all([keys(here), keys(there)]);
    await here.accounts.connect({ tenantId }, request({ hmacKeys: ['k-old', 'k-new'] }));
    expect(await keys(here)).toEqual(['k-old', 'k-new']);
    there.world.advance(30_001);
    expect(await keys(there)).toEqual(['k-old', 'k-new']);
  });
});

function disconnect(database: Database, tenantId: string, id: string): Promise<unknown> {
  return database.withTenants([tenantId], (tx) =>
    tx.update(table).set({ disconnectedAt: new Date() }).where(eq(table.id, id)),
  );
}

/** Every row that the tenant has, of every table, as text. */
async function dumpOf(database: Database, tenantId: string): Promise<string> {
  return database.withTenants([tenantId], async (tx) => {
    const names = await rowsOf(
      tx,
      sql`SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    const texts: string[] = [];
    for (const { name } of names) {
      const rows = await rowsOf(tx, sql`SELECT t::text AS row FROM ${sql.identifier(String(name))} t`);
      texts.push(...rows.map(({ row }) => `${String(name)} ${String(row)}`));
    }
    return texts.join('\n');
  });
}
