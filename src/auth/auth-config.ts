/**
 * What tokens are believed.
 * @module
 */

export type AuthKey =
  | { readonly kind: 'jwks'; readonly url: string }
  /** PEM (SPKI) or one JWK as JSON. */
  | { readonly kind: 'public'; readonly key: string }
  /** At least 32 bytes. */
  | { readonly kind: 'secret'; readonly secret: string };

export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly key: AuthKey;
  /** Explicit: what isn't listed is refused, whatever a token's header says. */
  readonly algorithms: readonly string[];
  /** `typ` of the header, such as `at+jwt`. */
  readonly typ: string;
  /** Name of the claim that holds the tenant's UUID. */
  readonly tenantClaim: string;
}
