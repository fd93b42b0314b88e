/**
 * The secrets of an account: what each is sealed for, and what its webhook's address is found by.
 * @module
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SealContext, Sealer } from '../auth/sealer.ts';
import type { accounts } from '../db/tables/accounts.ts';
import type { ProviderName } from '../model/words.ts';
import type { World } from '../world.ts';

export type AccountRow = typeof accounts.$inferSelect;

type Purpose = 'credentials' | 'webhook-keys' | 'webhook-path';

/** Bound to one row: a ciphertext that was moved to another account or tenant opens nothing there. */
export function contextOf(row: { readonly tenantId: string; readonly id: string }, purpose: Purpose): SealContext {
  return { tenantId: row.tenantId, purpose, id: row.id };
}

const Keys = z.array(z.string()).min(1);

export async function openCredentials(sealer: Sealer, row: AccountRow): Promise<unknown> {
  return JSON.parse(await sealer.open(row.credentials, contextOf(row, 'credentials')));
}

export async function openWebhookKeys(sealer: Sealer, row: AccountRow): Promise<readonly string[]> {
  return Keys.parse(JSON.parse(await sealer.open(row.webhookKeys, contextOf(row, 'webhook-keys'))));
}

export async function openWebhookUrl(sealer: Sealer, row: AccountRow, publicUrl: string): Promise<string> {
  const secret = await sealer.open(row.webhookPath, contextOf(row, 'webhook-path'));
  return `${publicUrl}/webhooks/${pathOf(row.provider)}/${secret}`;
}

/** 256 bits of chance, as text that stands in an address. */
export function newPathSecret(world: World): string {
  return world.randomBytes(32).toString('base64url');
}

const PATH_SECRET = /^[\w-]{43}$/;

/** False for what we never handed out: such a path needs no look-up. */
export function isPathSecret(text: string): boolean {
  return PATH_SECRET.test(text);
}

/** The secret itself is stored nowhere in clear; its hash finds the account. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** How a provider is called in an address. */
export function pathOf(provider: ProviderName): string {
  return provider.toLowerCase().replaceAll('_', '-');
}
