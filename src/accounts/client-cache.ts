/**
 * Clients of accounts, one per process and account: a client holds the access token and the provider's budget.
 * @module
 */
import type { ProviderClient } from '../providers/provider.ts';
import type { AccountRow } from './secrets.ts';

type Open = (row: AccountRow) => Promise<ProviderClient>;

/** Answers the account's client, made by `open` when there is none or the account was connected anew since. */
export function createClientCache(open: Open): Open {
  const held = new Map<string, { readonly state: string; readonly client: Promise<ProviderClient> }>();
  return (row) => {
    const key = `${row.tenantId} ${row.id}`;
    const known = held.get(key);
    // No two sealings are alike, so this tells every change apart, also one within the same millisecond.
    const state = `${row.webhookMode} ${row.credentials}`;
    if (known?.state === state) return known.client;
    const opened = { state, client: open(row) };
    held.set(key, opened);
    opened.client.catch(() => {
      if (held.get(key) === opened) held.delete(key);
    });
    return opened.client;
  };
}
