/**
 * What the conformance suite sends: a lease with two embedded signers, one after the other.
 * @module
 */
import { PDFDocument } from '@cantoo/pdf-lib';
import type { ContentRecipient, EnvelopeContent } from '../../src/model/envelope.ts';
import { publicId } from '../../src/model/ids.ts';
import { addMilliseconds } from '../../src/model/time.ts';
import type { Correlation, SigningUrlRequest } from '../../src/providers/provider.ts';
import type { World } from '../../src/world.ts';

export function newCorrelation(world: World): Correlation {
  const commandId = world.uuid();
  return { commandId, envelopeId: publicId('Envelope', world.uuid()), since: addMilliseconds(world.now(), -1000) };
}

export function session(providerId: string, ref: '1' | '2'): SigningUrlRequest {
  const { name, email } = PEOPLE[ref];
  return {
    providerId,
    recipient: { ref, name, email, embeddedId: `u-${ref}` },
    returnUrl: 'https://app.example/signed',
  };
}

const PEOPLE = {
  '1': { name: 'Bo Tenant', email: 'bo@tenant.example' },
  '2': { name: 'Cy Owner', email: 'cy@owner.example' },
} as const;

function signer(ref: '1' | '2'): ContentRecipient {
  return {
    ref,
    role: 'SIGNER',
    ...PEOPLE[ref],
    routingOrder: Number(ref),
    embeddedId: `u-${ref}`,
    fields: [
      {
        ref: `fld_${ref}`,
        kind: 'SIGNATURE',
        label: `sig-${ref}`,
        required: true,
        value: null,
        place: { at: { document: 'lease', page: 1, x: 100, y: 100 * Number(ref), width: null, height: null } },
      },
    ],
  };
}

export async function contentOf(
  { envelopeId }: Correlation,
  change: Partial<EnvelopeContent> = {},
): Promise<EnvelopeContent> {
  const pdf = await PDFDocument.create();
  pdf.addPage([612, 792]);
  const bytes = Buffer.from(await pdf.save());
  return {
    envelopeId,
    subject: 'Lease 4711',
    message: null,
    expiresAt: null,
    options: {},
    documents: [
      {
        ref: '1',
        key: 'lease',
        name: 'lease.pdf',
        contentType: 'application/pdf',
        size: bytes.length,
        bytes: async () => bytes,
      },
    ],
    recipients: [signer('1'), signer('2')],
    ...change,
  };
}
