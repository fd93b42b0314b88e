/**
 * The envelope that `dev` makes at its first start, as an example.
 * @module
 */
import type { EnvelopeInput } from '../envelopes/input/input.ts';
import { DEMO_PDF } from './demo-document.ts';

/** Of the account with this public id. */
export function demoEnvelope(accountId: string): EnvelopeInput {
  return {
    accountId,
    subject: 'An older lease, to be voided',
    message: null,
    externalId: null,
    metadata: [],
    expiresAt: null,
    docusign: null,
    documents: [{ key: 'lease', filename: 'lease.pdf', source: { base64: DEMO_PDF } }],
    recipients: [
      {
        key: 'tenant',
        role: 'SIGNER',
        name: 'Bo Tenant',
        email: 'bo@tenant.example',
        routingOrder: 1,
        embedded: false,
        fields: [
          {
            kind: 'SIGNATURE',
            label: null,
            required: true,
            value: null,
            place: { at: { document: 'lease', page: 1, x: 150, y: 240, width: null, height: null } },
          },
        ],
      },
    ],
  };
}
