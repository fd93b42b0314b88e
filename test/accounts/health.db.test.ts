import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Accounts } from '../../src/accounts/accounts.ts';
import { createHealthChecks, type Health, HEALTH_MS, type HealthChecks } from '../../src/accounts/health.ts';
import type { AccountRow } from '../../src/accounts/secrets.ts';
import { createSealer } from '../../src/auth/sealer.ts';
import type { Database } from '../../src/db/client.ts';
import { accounts as table } from '../../src/db/tables/accounts.ts';
import { deliveries } from '../../src/db/tables/inbox.ts';
import { ProviderRefused } from '../../src/model/problems.ts';
import type { DeliveryVerdict } from '../../src/model/words.ts';
import type { Check, Provider } from '../../src/providers/provider.ts';
import { eventually } from '../kit/answer.ts';
import { testDatabase } from '../kit/database.ts';
import { fakeProvider } from '../kit/fake-provider.ts';
import type { ManualWorld } from '../kit/manual-world.ts';
import { request, RING, testAccounts } from './kit.ts';

let database: Database;
beforeAll(async () => {
  database = await testDatabase();
});

interface Subject {
  readonly tenantId: string;
  readonly accounts: Accounts;
  readonly health: HealthChecks;
  readonly world: ManualWorld;
  /** How often a provider was asked how an account stands. */
  readonly looks: { count: number };
  readonly errors: unknown[];
  connected(account?: string): Promise<AccountRow>;
}

const WELL: Check = { id: 'clock', name: 'Clock', state: 'OK', detail: 'It is right.', fix: null };

function subject({
  checkUp = async () => [WELL],
  open,
}: { checkUp?: () => Promise<Check[]>; open?: () => never } = {}): Subject {
  const fake = fakeProvider();
  const looks = { count: 0 };
  const errors: unknown[] = [];
  const provider: Provider = {
    ...fake,
    open: (input, world) => {
      open?.();
      return {
        ...fake.open(input, world),
        checkUp: () => {
          looks.count += 1;
          return checkUp();
        },
      };
    },
  };
  const { accounts, world } = testAccounts(database, { providers: () => provider });
  const onError = (error: unknown): void => void errors.push(error);
  const health = createHealthChecks({ database, world, sealer: createSealer(RING), accounts, onError });
  const tenantId = randomUUID();
  const connected = (account = 'account-1'): Promise<AccountRow> =>
    accounts.connect({ tenantId }, request({ account }));
  return { tenantId, accounts, health, world, looks, errors, connected };
}

function stateOf({ checks }: Health, id: string): unknown {
  const check = checks.find((one) => one.id === id);
  return check && [check.state, check.detail];
}

async function delivered(
  { tenantId, id }: AccountRow,
  verdict: DeliveryVerdict,
  minute: number,
  why = 'no key',
): Promise<void> {
  const receivedAt = new Date(Date.UTC(2026, 2, 1, 12, minute));
  const delivery = { id: randomUUID(), accountId: id, receivedAt, reason: verdict === 'REFUSED' ? why : null };
  await database.withTenants([tenantId], (tx) =>
    tx.insert(deliveries).values({ tenantId, ...delivery, verdict, effect: 'NONE' }),
  );
}

/** The row with other values, as it stands then. */
async function changed({ tenantId, id }: AccountRow, values: Partial<AccountRow>): Promise<AccountRow> {
  const [row] = await database.withTenants([tenantId], (tx) =>
    tx.update(table).set(values).where(eq(table.id, id)).returning(),
  );
  if (!row) throw new Error('there is no such account');
  return row;
}

describe('a look at an account', () => {
  it('is shared by all who ask while it lasts and for half a minute, and is made anew then', async () => {
    const { health, looks, world, connected } = subject();
    const row = await connected();
    const [first, second] = await Promise.all([health.of(row), health.of(row)]);
    expect(second).toBe(first);
    await setImmediate();
    world.advance(HEALTH_MS - 1);
    expect(await health.of(row)).toBe(first);
    world.advance(1);
    expect(await health.of(row)).not.toBe(first);
    expect(looks.count).toBe(2);
  });

  it('is made anew when the account was changed', async () => {
    const { health, looks, connected } = subject();
    await health.of(await connected());
    await health.of(await connected());
    expect(looks.count).toBe(2);
  });

  it('is forgotten when those at a thousand others have come', async () => {
    const { health, connected } = subject();
    const row = await changed(await connected(), { disconnectedAt: new Date('2026-03-01T12:00:00Z') });
    const other = (index: number): Promise<Health> => health.of({ ...row, id: `other-${index}` });
    const first = await health.of(row);
    await Promise.all(Array.from({ length: 999 }, (_, index) => other(index)));
    expect(await health.of(row)).toBe(first);
    await other(999);
    expect(await health.of(row)).not.toBe(first);
  });

  it('is one of eight at most that are under way', async () => {
    const open = Promise.withResolvers<Check[]>();
    const { health, looks, connected } = subject({ checkUp: () => open.promise });
    const rows = await Promise.all(Array.from({ length: 10 }, (_, index) => connected(`account-${index}`)));
    const all = rows.map((row) => health.of(row));
    await eventually(() => looks.count === 8);
    // Whoever would come in besides has had its turn by then.
    await database.withTenants([], async (tx) => void (await tx.select().from(table)));
    await setImmediate();
    expect(looks.count).toBe(8);
    open.resolve([WELL]);
    await Promise.all(all);
    expect(looks.count).toBe(10);
  });

  it('that fails in countersign is unknown and told to the log, and no error', async () => {
    const error = new TypeError('a bug');
    const { health, errors, connected } = subject({ checkUp: () => Promise.reject(error) });
    expect(stateOf(await health.of(await connected()), 'account')).toEqual([
      'UNKNOWN',
      'countersign could not look: its log says why.',
    ]);
    expect(errors).toEqual([error]);
  });

  it('fails with what the provider refuses before there is a client', async () => {
    const fault = { providerCode: 'X', providerMessage: 'no', providerStatus: 400, traceId: null };
    const refused = new ProviderRefused(fault);
    const open = (): never => {
      throw refused;
    };
    const { health, connected } = subject({ open });
    expect(stateOf(await health.of(await connected()), 'credentials')).toEqual(['FAILING', refused.message]);
  });

  it('finds secrets that were sealed with a key that is gone, and asks no provider with them', async () => {
    const { health, looks, connected } = subject();
    const row = await changed(await connected(), { credentials: 'sealed.otherwise', webhookKeys: 'sealed.otherwise' });
    const found = await health.of(row);
    const lost = ['FAILING', 'What was sealed can not be opened.'];
    expect([stateOf(found, 'credentials'), stateOf(found, 'hmacKeys')]).toEqual([lost, lost]);
    expect(looks.count).toBe(0);
  });

  it('finds nothing but its end of one that is disconnected', async () => {
    const { health, looks, connected } = subject();
    const row = await changed(await connected(), { disconnectedAt: new Date('2026-03-01T12:00:00Z') });
    const { checks } = await health.of(row);
    expect(checks.map(({ id, state }) => [id, state])).toEqual([['connection', 'FAILING']]);
    expect(looks.count).toBe(0);
  });
});

describe('the last webhook', () => {
  it.each<[string, readonly (readonly [DeliveryVerdict, number])[], string, string]>([
    ['is unknown when none has come', [], 'UNKNOWN', 'None has come yet.'],
    ['is well when it was taken', [['VERIFIED', 1]], 'OK', 'The last one came at 2026-03-01T12:01:00.000Z.'],
    [
      'is well when one was refused before it',
      [
        ['REFUSED', 1],
        ['VERIFIED', 2],
      ],
      'OK',
      'The last one came at 2026-03-01T12:02:00.000Z.',
    ],
    [
      'is warned of when it was refused, and others were taken before',
      [
        ['VERIFIED', 1],
        ['REFUSED', 2],
      ],
      'WARNING',
      'The one of 2026-03-01T12:02:00.000Z was refused: no key.',
    ],
    [
      'fails when it was refused, as all were',
      [['REFUSED', 2]],
      'FAILING',
      'The one of 2026-03-01T12:02:00.000Z was refused: no key.',
    ],
  ])('%s', async (_what, calls, state, detail) => {
    const { health, connected } = subject();
    const row = await connected();
    for (const [verdict, minute] of calls) await delivered(row, verdict, minute);
    expect(stateOf(await health.of(row), 'delivery')).toEqual([state, detail]);
  });

  it.each([
    ['the signature', 'no signature matches', /^Compare the HMAC keys/],
    ['the address', 'it came from 192.0.2.1, which is not among WEBHOOK_SOURCES', /^If it is the provider's address/],
    [
      'an address that nobody knows',
      'it is not known from which address it came: X-Forwarded-For names none',
      /^Let the proxies that TRUSTED_PROXIES names/,
    ],
    ['its size', 'its body has more than the 10485760 bytes that are taken', /^Leave documents out of the webhooks/],
    ['its encoding', 'its body is encoded (gzip), which no signature covers', /without compression\.$/],
    ['its method', 'it came by PUT, and webhooks are sent by POST', /nothing has to be done\.$/],
    ['its pace', 'its body came too slowly, or not within 30 seconds', /^See what slows down the line/],
    ['a line that broke', 'the connection broke off before its body was whole', /^See what breaks the line/],
  ])('that was refused for %s has the fix for that', async (_what, reason, fix) => {
    const { health, connected } = subject();
    const row = await connected();
    await delivered(row, 'REFUSED', 1, reason);
    const { checks } = await health.of(row);
    expect(checks.find(({ id }) => id === 'delivery')?.fix).toMatch(fix);
  });
});
