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

export interface Principal {
  readonly tenantId: string;
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
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
