/**
 * What tokens are believed.
 * @module
 */
import type { TokenKey } from '../model/token-keys.ts';

/** Stands in `typ` for a header that has none, as those of some identity providers. */
export const NO_TYP = 'none';

export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly key: TokenKey;
  /** Explicit, and each fits the key: what isn't listed is refused, whatever a token's header says. */
  readonly algorithms: readonly string[];
  /** Values of the header's `typ` that are taken, such as `at+jwt`; NO_TYP takes a header without one. */
  readonly typ: readonly [string, ...string[]];
  /** Name of the claim that holds the tenant's UUID. */
  readonly tenantClaim: string;
  /** Name of a claim that holds scopes, beside those where they usually are (claims.ts). */
  readonly scopeClaim: string;
}
