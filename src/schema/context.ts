/**
 * What a resolver works with: who asks, and the services, bound to nothing else.
 * @module
 */
import DataLoader from 'dataloader';
import type { Accounts } from '../accounts/accounts.ts';
import type { AccountChanges } from '../accounts/changes.ts';
import type { HealthChecks } from '../accounts/health.ts';
import type { Principal } from '../auth/principal.ts';
import type { SignedLinks } from '../auth/signed-links.ts';
import type { CommandRow } from '../envelopes/commands.ts';
import type { Envelopes } from '../envelopes/envelopes.ts';
import type { Staleness } from '../envelopes/freshness.ts';
import type { EnvelopeDocumentRow, FieldRow, LoggedEnvelope, RecipientRow } from '../envelopes/read.ts';
import type { EventPages } from '../events/pages.ts';
import type { EventRow } from '../events/read.ts';
import { MAX_TIMELINE } from '../model/limits.ts';
import type { EventStreams } from '../events/streams.ts';
import type { DeliveryRow } from '../webhooks/deliveries.ts';
import type { DeliveryPages } from '../webhooks/pages.ts';
import type { World } from '../world.ts';

export interface Services {
  readonly world: World;
  readonly accounts: Accounts;
  readonly accountChanges: AccountChanges;
  readonly health: HealthChecks;
  readonly envelopes: Envelopes;
  readonly events: EventPages;
  readonly streams: EventStreams;
  readonly deliveries: DeliveryPages;
  readonly links: SignedLinks;
  /** Where this gateway is reached from outside; no slash at the end. */
  readonly publicUrl: string;
}

type KnownLimits = ReturnType<Accounts['knownLimits']>;
export type AccountRow = Awaited<ReturnType<Accounts['connect']>>;

/** Joins the look-ups of one moment into one statement each, and caches nothing: a stream's context lives long. */
export interface Loaders {
  readonly envelope: DataLoader<string, LoggedEnvelope | null>;
  readonly account: DataLoader<string, AccountRow | null>;
  readonly recipient: DataLoader<string, RecipientRow | null>;
  readonly recipients: DataLoader<string, RecipientRow[]>;
  readonly fields: DataLoader<string, FieldRow[]>;
  readonly documents: DataLoader<string, EnvelopeDocumentRow[]>;
  readonly commands: DataLoader<string, CommandRow[]>;
  /** The latest of an envelope, as many as its timeline takes. */
  readonly events: DataLoader<string, EventRow[]>;
  readonly deliveries: DataLoader<string, DeliveryRow[]>;
  readonly budget: DataLoader<string, KnownLimits | null>;
}

export interface Context {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly services: Services;
  readonly loaders: Loaders;
  /** By envelope UUID: why it could not be made as fresh as this request asked. */
  readonly staleness: Map<string, Staleness>;
}

export interface ContextRequest {
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

export function createContext(services: Services, request: ContextRequest): Context {
  return { ...request, services, loaders: createLoaders(services, request.principal), staleness: new Map() };
}

function createLoaders({ envelopes, accounts, events, deliveries }: Services, principal: Principal | null): Loaders {
  const tenantId = principal?.tenantId ?? '';
  const allowed = (id: string): boolean => principal !== null && (principal.envelopes?.has(id) ?? true);
  const many = <T extends { envelopeId: string | null }>(
    load: (tenantId: string, ids: readonly string[]) => Promise<readonly T[]>,
  ) =>
    new DataLoader<string, T[]>(
      async (ids) => {
        const rows = Map.groupBy(await load(tenantId, [...new Set(ids)]), ({ envelopeId }) => envelopeId);
        return ids.map((id) => rows.get(id) ?? []);
      },
      { cache: false },
    );
  return {
    envelope: one(
      (ids) => envelopes.find(tenantId, ids.filter(allowed)),
      ({ row }) => row.id,
    ),
    account: one(
      async (ids) => [...(await accounts.get(tenantId, ids)).values()],
      ({ id }) => id,
    ),
    recipient: one(
      async (ids) => (await envelopes.findRecipients(tenantId, ids)).filter(({ envelopeId }) => allowed(envelopeId)),
      ({ id }) => id,
    ),
    recipients: many(envelopes.recipients),
    fields: many(envelopes.fields),
    documents: many(envelopes.documents),
    commands: many(envelopes.commands),
    events: many((tenant, ids) => events.latest(tenant, ids, MAX_TIMELINE)),
    deliveries: many((tenant, ids) => deliveries.latest(tenant, ids, MAX_TIMELINE)),
    budget: new DataLoader<string, KnownLimits | null>(
      async (ids) => {
        const known = await accounts.limits(tenantId, [...new Set(ids)]);
        return ids.map((id) => {
          const limits = known.get(id);
          return limits && (limits.budget ?? limits.blockedUntil) ? limits : null;
        });
      },
      { cache: false },
    ),
  };
}

function one<T>(
  load: (ids: readonly string[]) => Promise<readonly T[]>,
  idOf: (row: T) => string,
): DataLoader<string, T | null> {
  return new DataLoader<string, T | null>(
    async (ids) => {
      const rows = new Map((await load([...new Set(ids)])).map((row) => [idOf(row), row]));
      return ids.map((id) => rows.get(id) ?? null);
    },
    { cache: false },
  );
}
