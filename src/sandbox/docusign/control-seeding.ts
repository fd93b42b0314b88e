/**
 * People, accounts, keys and consents, added through the control API.
 * @module
 */
import { createPublicKey } from 'node:crypto';
import * as z from 'zod';
import { ApiError } from './errors.ts';
import { addHmacKey } from './keys.ts';
import type { Account, Sandbox } from './state.ts';

const guid = z.guid().transform((id) => id.toLowerCase());

const userSchema = z.strictObject({
  userId: guid.optional(),
  name: z.string().default('Sandbox User'),
  email: z.string().default('user@sender.example'),
  active: z.boolean().default(true),
  accountIds: z.array(guid).default([]),
  defaultAccountId: guid.optional(),
});

/** Adds a user, or changes the one with that id. Membership of unknown accounts is refused. */
export function addUser(sandbox: Sandbox, body: unknown): unknown {
  const given = userSchema.parse(body);
  for (const accountId of given.accountIds) accountOf(sandbox, { accountId });
  const userId = given.userId ?? sandbox.random.uuid('user');
  const user = { ...given, userId, defaultAccountId: given.defaultAccountId ?? given.accountIds[0] ?? '' };
  sandbox.users.set(userId, user);
  return user;
}

const accountSchema = z.strictObject({ accountId: guid.optional(), name: z.string().default('Sandbox Account') });

export function addAccount(sandbox: Sandbox, body: unknown): unknown {
  const { accountId = sandbox.random.uuid('account'), name } = accountSchema.parse(body);
  const account: Account = { accountId, name, hmacKeys: [], configurations: new Map() };
  sandbox.accounts.set(accountId, account);
  addHmacKey(sandbox, account);
  return { accountId, name, hmacKeys: account.hmacKeys };
}

const appSchema = z.strictObject({
  integrationKey: guid.optional(),
  publicKeys: z.array(z.string()).default([]),
  redirectUris: z.array(z.string()).default([]),
});

/** An integration key with its public keys (PEM), added to those it has. Consent comes apart. */
export function addApp(sandbox: Sandbox, body: unknown): unknown {
  const { integrationKey = sandbox.random.uuid('integration-key'), publicKeys, redirectUris } = appSchema.parse(body);
  const old = sandbox.apps.get(integrationKey);
  const keys = publicKeys.map((pem) => {
    try {
      return createPublicKey(pem);
    } catch {
      throw new ApiError('INVALID_KEY', 'A public key is not PEM.');
    }
  });
  const app = {
    integrationKey,
    publicKeys: [...(old?.publicKeys ?? []), ...keys],
    redirectUris: [...(old?.redirectUris ?? []), ...redirectUris],
  };
  sandbox.apps.set(integrationKey, app);
  return { integrationKey, publicKeys: app.publicKeys.length, redirectUris: app.redirectUris };
}

const consentSchema = z.strictObject({
  integrationKey: guid,
  userId: guid,
  scopes: z.array(z.string()).default(['signature', 'impersonation']),
});

export function changeConsent(sandbox: Sandbox, body: unknown, granted: boolean): unknown {
  const { integrationKey, userId, scopes } = consentSchema.parse(body);
  if (granted) sandbox.consents.set(`${integrationKey}/${userId}`, new Set(scopes));
  else sandbox.consents.delete(`${integrationKey}/${userId}`);
  return { granted };
}

export function accountOf(sandbox: Sandbox, params: { accountId?: string }): Account {
  const account = sandbox.accounts.get((params.accountId ?? '').toLowerCase());
  if (account === undefined) throw notFound('account');
  return account;
}

export function notFound(what: string): ApiError {
  return new ApiError('NOT_FOUND', `The sandbox has no such ${what}.`, 404);
}
