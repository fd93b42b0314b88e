/**
 * Who is asking, once their token is believed.
 * @module
 */

export const SCOPES = [
  'envelopes:read',
  'envelopes:write',
  'accounts:read',
  'accounts:write',
  'deliveries:read',
  'deliveries:body',
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(value: unknown): value is Scope {
  return SCOPES.some((scope) => scope === value);
}

export interface Principal {
  readonly tenantId: string;
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Names of the claims that its scopes were looked for in. */
  readonly scopeClaims: readonly string[];
  /** UUIDs of the only envelopes it may read and follow; null when it is not narrowed. */
  readonly envelopes: ReadonlySet<string> | null;
  readonly expiresAt: Date;
}

/** The token is missing, or not one to be believed; the message says what would be, and holds nothing of the token. */
export class Unauthenticated extends Error {
  readonly code = 'UNAUTHENTICATED';

  constructor(message: string) {
    super(message);
    this.name = 'Unauthenticated';
  }
}

/** A token narrowed to some envelopes reads and follows those, whatever scopes it lists. */
export function permits({ scopes, envelopes }: Principal, scope: Scope): boolean {
  return scopes.has(scope) && (envelopes === null || scope === 'envelopes:read');
}

/** The token is good, and `permits` is false for this scope. */
export class Forbidden extends Error {
  readonly code = 'FORBIDDEN';
  readonly requiredScope: Scope;
  /** The claims that decided. */
  readonly claims: readonly string[];

  constructor({ scopeClaims, envelopes }: Principal, scope: Scope) {
    const narrowed = envelopes !== null && scope !== 'envelopes:read';
    super(
      narrowed
        ? `The claim \`envelopes\` narrows the token to reading and following some envelopes, so it may not do what takes the scope \`${scope}\`.`
        : `The token lacks the scope \`${scope}\`. Scopes were looked for in its claims ${scopeClaims.map((name) => `\`${name}\``).join(', ')}.`,
    );
    this.name = 'Forbidden';
    this.requiredScope = scope;
    this.claims = narrowed ? ['envelopes'] : scopeClaims;
  }
}
