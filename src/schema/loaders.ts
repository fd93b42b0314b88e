/**
 * How resolvers reach rows: one set of loaders for each tenant, shared by its requests.
 * @module
 */
import type { Accounts } from '../accounts/accounts.ts';
import type { Principal } from '../auth/principal.ts';
import type { CommandRow } from '../envelopes/commands/commands.ts';
import type { EnvelopeDocumentRow, FieldRow, LoggedEnvelope, RecipientRow } from '../envelopes/state/read.ts';
import type { EventRow } from '../events/read.ts';
import { MAX_TIMELINE } from '../model/limits.ts';
import { remember } from '../model/remember.ts';
import type { DeliveryRow } from '../webhooks/deliveries.ts';
import type { World } from '../world.ts';
import type { AccountRow, Services } from './context.ts';
import { joinedLoader, type Loader } from './joined-loader.ts';

type KnownLimits = ReturnType<Accounts['knownLimits']>;

/** By UUID. */
export interface Loaders {
  readonly envelope: Loader<LoggedEnvelope | null>;
  readonly account: Loader<AccountRow | null>;
  readonly recipient: Loader<RecipientRow | null>;
  readonly recipients: Loader<readonly RecipientRow[]>;
  readonly fields: Loader<readonly FieldRow[]>;
  readonly documents: Loader<readonly EnvelopeDocumentRow[]>;
  readonly commands: Loader<readonly CommandRow[]>;
  /** The latest of an envelope, as many as its timeline takes. */
  readonly events: Loader<readonly EventRow[]>;
  readonly deliveries: Loader<readonly DeliveryRow[]>;
  readonly budget: Loader<KnownLimits | null>;
}

/** Tenants whose loaders are kept; those of others are made anew. */
const MOST_TENANTS = 1_000;

type Reads = Pick<Services, 'world' | 'envelopes' | 'accounts' | 'events' | 'deliveries'>;

/** Answers the loaders of who asks: their tenant's, narrowed to the envelopes that their token names. */
export function createLoaders(reads: Reads): (principal: Principal | null) => Loaders {
  const held = new Map<string, Loaders>();
  return (principal) => {
    const tenantId = principal?.tenantId ?? '';
    let loaders = held.get(tenantId);
    if (!loaders) {
      loaders = loadersOf(reads, tenantId);
      remember(held, tenantId, loaders, MOST_TENANTS);
    }
    return principal?.envelopes ? narrowed(loaders, principal.envelopes) : loaders;
  };
}

function narrowed(loaders: Loaders, allowed: ReadonlySet<string>): Loaders {
  return {
    ...loaders,
    envelope: { load: async (id) => (allowed.has(id) ? loaders.envelope.load(id) : null) },
    recipient: {
      load: async (id) => {
        const row = await loaders.recipient.load(id);
        return row && allowed.has(row.envelopeId) ? row : null;
      },
    },
  };
}

function loadersOf({ world, envelopes, accounts, events, deliveries }: Reads, tenantId: string): Loaders {
  const many = <Row extends { envelopeId: string | null }>(
    find: (tenantId: string, ids: readonly string[]) => Promise<readonly Row[]>,
  ) =>
    joinedLoader<readonly Row[]>(world, async (ids) => {
      const rows = Map.groupBy(await find(tenantId, ids), ({ envelopeId }) => envelopeId);
      return (id) => rows.get(id) ?? [];
    });
  return {
    envelope: one(
      world,
      (ids) => envelopes.find(tenantId, ids),
      ({ row }) => row.id,
    ),
    account: one(
      world,
      async (ids) => [...(await accounts.get(tenantId, ids)).values()],
      ({ id }) => id,
    ),
    recipient: one(
      world,
      (ids) => envelopes.findRecipients(tenantId, ids),
      ({ id }) => id,
    ),
    recipients: many(envelopes.recipients),
    fields: many(envelopes.fields),
    documents: many(envelopes.documents),
    commands: many(envelopes.commands),
    events: many((tenant, ids) => events.latest(tenant, ids, MAX_TIMELINE)),
    deliveries: many((tenant, ids) => deliveries.latest(tenant, ids, MAX_TIMELINE)),
    budget: joinedLoader(world, async (ids) => {
      const known = await accounts.limits(tenantId, ids);
      return (id) => {
        const limits = known.get(id);
        return limits && (limits.budget ?? limits.blockedUntil) ? limits : null;
      };
    }),
  };
}

function one<Row>(
  world: World,
  find: (ids: readonly string[]) => Promise<readonly Row[]>,
  idOf: (row: Row) => string,
): Loader<Row | null> {
  return joinedLoader(world, async (ids) => {
    const rows = new Map((await find(ids)).map((row) => [idOf(row), row]));
    return (id) => rows.get(id) ?? null;
  });
}
