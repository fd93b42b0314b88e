/**
 * What tokens are believed.
 * @module
 */
import type { TokenKey } from '../model/token-keys.ts';

export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly key: TokenKey;
  /** Explicit, and each fits the key: what isn't listed is refused, whatever a token's header says. */
  readonly algorithms: readonly string[];
  /** `typ` of the header, such as `at+jwt`. */
  readonly typ: string;
  /** Name of the claim that holds the tenant's UUID. */
  readonly tenantClaim: string;
}
