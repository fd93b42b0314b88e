/**
 * Tokens that were just believed aren't verified again: a browser sends the same one with every request, and a signature
 * costs more than the rest of a small query.
 * @module
 */
import { remember } from '../model/remember.ts';
import type { World } from '../world.ts';
import type { Principal } from './principal.ts';
import type { Verifier } from './verify.ts';

/** How much longer than without this memory a key that was withdrawn is trusted, at most. */
export const REMEMBER_MS = 10_000;
const MOST = 1_000;

interface Believed {
  readonly principal: Principal;
  /** On the monotonic clock. */
  readonly until: number;
}

/** Refusals aren't remembered, and nothing beyond the end of its token. */
export function remembering(verifier: Verifier, world: World): Verifier {
  const believed = new Map<string, Believed>();
  return {
    async verify(authorization = '') {
      const known = believed.get(authorization);
      if (known && known.until > world.monotonic() && known.principal.expiresAt > world.now()) return known.principal;
      believed.delete(authorization);
      const principal = await verifier.verify(authorization);
      remember(believed, authorization, { principal, until: world.monotonic() + REMEMBER_MS }, MOST);
      return principal;
    },
  };
}
