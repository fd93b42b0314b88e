/**
 * HMAC keys of an account. Several live at once while one replaces the other.
 * @module
 */
import type { Account, Sandbox } from './state.ts';

export function addHmacKey(sandbox: Sandbox, account: Account, key?: string): Account['hmacKeys'][number] {
  const entry = {
    keyId: sandbox.random.uuid('hmac-key-id'),
    key: key ?? Buffer.from(sandbox.random.token('hmac-key', 32), 'base64url').toString('base64'),
    createdAt: sandbox.clock.now(),
  };
  account.hmacKeys.push(entry);
  return entry;
}

/** By id or by the key itself; false when there is none. */
export function removeHmacKey(account: Account, name: string): boolean {
  const index = account.hmacKeys.findIndex(({ keyId, key }) => keyId === name || key === name);
  if (index < 0) return false;
  account.hmacKeys.splice(index, 1);
  return true;
}
