/**
 * How accounts stand: what their providers say, and what we hold and have received. Looked at when somebody asks, once
 * for all who ask within a short while.
 * @module
 */
import { and, desc, eq, ne } from 'drizzle-orm';
import type { Sealer } from '../auth/sealer.ts';
import type { Database } from '../db/client.ts';
import { deliveries } from '../db/tables/inbox.ts';
import { Problem } from '../model/problems.ts';
import { remember } from '../model/remember.ts';
import { gate } from '../providers/gate.ts';
import type { Check } from '../providers/provider.ts';
import type { World } from '../world.ts';
import type { Accounts } from './accounts.ts';
import { accountWebhook } from './changes.ts';
import { type AccountRow, openCredentials, openWebhookKeys } from './secrets.ts';

export type { Check } from '../providers/provider.ts';

/** Milliseconds that what was found is answered again. */
export const HEALTH_MS = 30_000;
/** Accounts looked at at once by this process. */
const PARALLEL = 8;
const MOST_REMEMBERED = 1_000;

export interface Health {
  readonly checks: readonly Check[];
  readonly checkedAt: Date;
}

export interface HealthChecks {
  /** Never throws for what a provider does; joins a look that is under way, and answers one of the last 30 s again. */
  of(account: AccountRow): Promise<Health>;
}

export interface HealthDeps {
  readonly database: Database;
  readonly world: World;
  readonly sealer: Sealer;
  readonly accounts: Accounts;
  readonly onError: (error: unknown) => void;
}

export function createHealthChecks(deps: HealthDeps): HealthChecks {
  const { world, onError } = deps;
  const enter = gate(PARALLEL);
  const remembered = new Map<string, { readonly health: Promise<Health>; until: number }>();

  const look = async (row: AccountRow): Promise<Health> => {
    const checks = await examine(deps, row).catch((error: unknown): Check[] => {
      onError(error);
      return [found('account', 'Account', 'UNKNOWN', 'countersign could not look: its log says why.')];
    });
    return { checks, checkedAt: world.now() };
  };

  return {
    of(row) {
      // What was sealed anew is another text, so an account that was changed is looked at again.
      const { tenantId, id, credentials, webhookKeys, webhookMode, updatedAt } = row;
      const key = [tenantId, id, credentials, webhookKeys, webhookMode, updatedAt.getTime()].join(' ');
      const known = remembered.get(key);
      if (known && known.until > world.monotonic()) return known.health;
      const entry = { health: enter(() => look(row)), until: Infinity };
      remembered.delete(key);
      remember(remembered, key, entry, MOST_REMEMBERED);
      void entry.health.finally(() => (entry.until = world.monotonic() + HEALTH_MS));
      return entry.health;
    },
  };
}

async function examine(deps: HealthDeps, row: AccountRow): Promise<Check[]> {
  if (row.disconnectedAt !== null) {
    return [found('connection', 'Connection', 'FAILING', 'The account is disconnected.', 'Connect it again.')];
  }
  const [provider, keys, deliveries] = await Promise.all([
    providerChecks(deps, row),
    keysCheck(deps, row),
    deliveryCheck(deps, row),
  ]);
  return [...provider, keys, deliveries];
}

async function providerChecks({ accounts, sealer }: HealthDeps, row: AccountRow): Promise<readonly Check[]> {
  if (!(await opens(openCredentials(sealer, row)))) {
    return [found('credentials', 'Credentials', 'FAILING', 'What was sealed can not be opened.', LOST_KEY)];
  }
  try {
    const client = await accounts.client(row.tenantId, row.id);
    const webhook = row.webhookMode === 'ACCOUNT' ? accountWebhook(row, await accounts.webhookUrl(row)) : null;
    return (await client.checkUp?.(webhook)) ?? [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [found('credentials', 'Credentials', 'FAILING', error.message, error.fix)];
  }
}

const LOST_KEY = 'Put the key that sealed it back into SECRET_KEYS, or connect the account again.';

async function keysCheck({ sealer }: HealthDeps, row: AccountRow): Promise<Check> {
  const name = 'HMAC keys';
  const keys = await openWebhookKeys(sealer, row).catch(() => null);
  if (keys === null) return found('hmacKeys', name, 'FAILING', 'What was sealed can not be opened.', LOST_KEY);
  const { length } = keys;
  return found('hmacKeys', name, 'OK', length === 1 ? 'One key is live.' : `${length} keys are live.`);
}

async function deliveryCheck({ database }: HealthDeps, { tenantId, id }: AccountRow): Promise<Check> {
  const { taken, refused } = await database.withTenants([tenantId], async (tx) => {
    const newest = (refusedOnes: boolean) =>
      tx
        .select({ receivedAt: deliveries.receivedAt, reason: deliveries.reason })
        .from(deliveries)
        .where(
          and(
            eq(deliveries.tenantId, tenantId),
            eq(deliveries.accountId, id),
            refusedOnes ? eq(deliveries.verdict, 'REFUSED') : ne(deliveries.verdict, 'REFUSED'),
          ),
        )
        .orderBy(desc(deliveries.id))
        .limit(1);
    return { taken: (await newest(false))[0], refused: (await newest(true))[0] };
  });
  const [check, name] = ['delivery', 'Last webhook'];
  if (refused && (!taken || refused.receivedAt > taken.receivedAt)) {
    const detail = `The one of ${refused.receivedAt.toISOString()} was refused: ${refused.reason ?? 'no reason is known'}.`;
    return found(check, name, taken ? 'WARNING' : 'FAILING', detail, fixOfRefusal(refused.reason));
  }
  if (taken) return found(check, name, 'OK', `The last one came at ${taken.receivedAt.toISOString()}.`);
  return found(check, name, 'UNKNOWN', 'None has come yet.', 'Send an envelope, and see that PUBLIC_URL is reached.');
}

/** By words of the reasons that `webhooks/source.ts` and `webhooks/receive.ts` give; every other reason is the signature's. */
const FIXES: readonly (readonly [words: string, fix: string])[] = [
  [
    'WEBHOOK_SOURCES',
    "If it is the provider's address, add it to WEBHOOK_SOURCES; if it is that of a proxy of yours, name it in TRUSTED_PROXIES.",
  ],
  ['X-Forwarded-For', 'Let the proxies that TRUSTED_PROXIES names add the address of the caller to X-Forwarded-For.'],
  ['its body has more than', 'Leave documents out of the webhooks: switch off what includes them at the provider.'],
  ['its body is encoded', 'Let the proxies in front of the gateway pass bodies on as they are, without compression.'],
  ['it came by', 'This was not the provider, which sends webhooks by POST: nothing has to be done.'],
  [
    'its body came too slowly',
    'See what slows down the line or the proxies between the provider and the gateway; the provider sends it again.',
  ],
  [
    'the connection broke off',
    'See what breaks the line or the proxies between the provider and the gateway; the provider sends it again.',
  ],
];

function fixOfRefusal(reason: string | null): string {
  const known = FIXES.find(([words]) => reason?.includes(words));
  return known?.[1] ?? 'Compare the HMAC keys here and at the provider: add one by updateAccount, or at the provider.';
}

/** False when it was sealed with a key that is gone, or isn't what was sealed for this row. */
function opens(opening: Promise<unknown>): Promise<boolean> {
  return opening.then(
    () => true,
    () => false,
  );
}

function found(id: string, name: string, state: Check['state'], detail: string, fix: string | null = null): Check {
  return { id, name, state, detail, fix };
}
