/**
 * The people, accounts and keys a sandbox starts with, the same for the same seed.
 * @module
 */
import { createPublicKey } from 'node:crypto';
import { createRandom, type SeededRandom } from '../kit/random.ts';
import { addHmacKey } from './keys.ts';
import type { Sandbox } from './state.ts';
import { SANDBOX_PRIVATE_KEY } from './test-key.ts';

export interface Credentials {
  integrationKey: string;
  userId: string;
  accountId: string;
  /** PKCS #8 PEM, RSA 2048: public and worthless. */
  privateKey: string;
  hmacKeys: string[];
}

/** `credentialSeed` makes the ids and keys alone, so that they outlive a run whose other ids must be new. */
export function seedCredentials(sandbox: Sandbox, credentialSeed: number): void {
  const random = createRandom(credentialSeed);
  const { integrationKey, userId, accountId } = seededIds(random);
  sandbox.users.set(userId, {
    userId,
    name: 'Ada Sender',
    email: 'ada@sender.example',
    active: true,
    accountIds: [accountId],
    defaultAccountId: accountId,
  });
  const account = { accountId, name: 'Acme Contracts', hmacKeys: [], configurations: new Map() };
  sandbox.accounts.set(accountId, account);
  addHmacKey(sandbox, account, Buffer.from(random.token('first-hmac-key', 32), 'base64url').toString('base64'));
  sandbox.apps.set(integrationKey, {
    integrationKey,
    publicKeys: [createPublicKey(SANDBOX_PRIVATE_KEY)],
    redirectUris: [],
  });
  sandbox.consents.set(`${integrationKey}/${userId}`, new Set(['signature', 'impersonation']));
}

/** What a client connects with: the ids of the seed, and the account's keys as they are now. */
export function credentialsOf(sandbox: Sandbox, credentialSeed: number): Credentials {
  const ids = seededIds(createRandom(credentialSeed));
  return {
    ...ids,
    privateKey: SANDBOX_PRIVATE_KEY,
    hmacKeys: sandbox.accounts.get(ids.accountId)?.hmacKeys.map(({ key }) => key) ?? [],
  };
}

function seededIds(random: SeededRandom): Pick<Credentials, 'integrationKey' | 'userId' | 'accountId'> {
  return {
    integrationKey: random.uuid('first-integration-key'),
    userId: random.uuid('first-user'),
    accountId: random.uuid('first-account'),
  };
}
