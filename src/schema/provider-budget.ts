/**
 * What a provider's rate limits leave an account: a field of the account, and in the `extensions` of answers over HTTP.
 * @module
 */
import type { ExecutionResult } from 'graphql';
import { collectAsked } from '../accounts/asked.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Principal } from '../auth/principal.ts';
import { publicId } from '../model/ids.ts';
import { builder } from './builder.ts';
import { AccountRef } from './refs.ts';

type Known = ReturnType<Accounts['knownLimits']>;

const BudgetWindow = builder
  .objectRef<{ readonly limit: number; readonly remaining: number }>('BudgetWindow')
  .implement({
    description: 'Calls within a window of time.',
    fields: (t) => ({
      limit: t.int({ description: 'How many are allowed.', resolve: ({ limit }) => limit }),
      remaining: t.int({ description: 'How many are left.', resolve: ({ remaining }) => remaining }),
    }),
  });

const ProviderBudget = builder.objectRef<Known>('ProviderBudget').implement({
  description:
    "What the provider's rate limits leave an account. They count all of the account's integrations, so these are the provider's own figures, as its last answer to any replica told them.",
  fields: (t) => ({
    limit: t.int({
      nullable: true,
      description: 'Calls of the longer window (DocuSign: an hour); null until the provider told it.',
      resolve: ({ budget }) => budget?.limit ?? null,
    }),
    remaining: t.int({
      nullable: true,
      description: 'Those left. From a tenth of the limit on, look-ups wait: the rest is kept for sends.',
      resolve: ({ budget }) => budget?.remaining ?? null,
    }),
    resetAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When that window begins anew.',
      resolve: ({ budget }) => budget?.resetAt ?? null,
    }),
    burst: t.field({
      type: BudgetWindow,
      nullable: true,
      description: 'The shorter window, where the provider has one (DocuSign: 30 seconds).',
      resolve: ({ budget }) => budget?.burst ?? null,
    }),
    asOf: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the provider told it.',
      resolve: ({ budget }) => budget?.asOf ?? null,
    }),
    blockedUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'A limit was hit: nothing is asked of the provider before. Null, or past, when none is in the way.',
      resolve: ({ blockedUntil }) => blockedUntil,
    }),
  }),
});

builder.objectField(AccountRef, 'budget', (t) =>
  t.field({
    type: ProviderBudget,
    nullable: true,
    description: "What the provider's rate limits leave it; null before the provider was asked anything.",
    resolve: ({ id }, _args, { loaders }) => loaders.budget.load(id),
  }),
);

/**
 * Runs an operation, and adds `providerBudget` to its extensions: one entry per account whose provider it turned to. A
 * token that is narrowed to envelopes learns nothing of accounts.
 */
export async function watchBudgets(
  accounts: Accounts,
  principal: Principal | null,
  work: () => Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  if (!principal || principal.envelopes !== null) return work();
  const asked = new Set<string>();
  const result = await collectAsked(asked, work);
  const providerBudget = [...asked].toSorted().flatMap((id) => {
    const known = accounts.knownLimits(principal.tenantId, id);
    if (!known.budget && !known.blockedUntil) return [];
    const { limit = null, remaining = null, resetAt = null, burst = null, asOf = null } = known.budget ?? {};
    const { blockedUntil } = known;
    return [{ accountId: publicId('Account', id), limit, remaining, resetAt, burst, asOf, blockedUntil }];
  });
  return providerBudget.length > 0 ? { ...result, extensions: { ...result.extensions, providerBudget } } : result;
}
