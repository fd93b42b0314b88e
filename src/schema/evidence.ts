/**
 * What proves a completed envelope.
 * @module
 */
import { evidenceFilename } from '../envelopes/files/evidence.ts';
import type { EnvelopeRow } from '../envelopes/state/read.ts';
import type { Evidence } from '../model/envelope.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { downloadLink, DownloadType } from './download.ts';

export const EvidenceType = builder.objectRef<EnvelopeRow>('Evidence').implement({
  description:
    'What proves a completed envelope, as its provider makes it. Fetched from the provider when a link is followed.',
  fields: (t) => ({
    certificate: t.field({
      type: DownloadType,
      description: 'The certificate of completion, a PDF: who did what and when.',
      resolve: (row, _args, context) => linkTo(row, 'certificate', context),
    }),
    combined: t.field({
      type: DownloadType,
      description: 'All documents as signed, in one PDF, without the certificate.',
      resolve: (row, _args, context) => linkTo(row, 'combined', context),
    }),
    archive: t.field({
      type: DownloadType,
      description: 'All documents as signed and the certificate, each a PDF, in one ZIP.',
      resolve: (row, _args, context) => linkTo(row, 'archive', context),
    }),
  }),
});

function linkTo({ tenantId, id, evidenceHashes }: EnvelopeRow, which: Evidence, { services }: Context) {
  const filename = evidenceFilename(id, which);
  const sha256 = evidenceHashes[which] ?? null;
  return downloadLink(services, { tenantId, envelopeId: id, evidence: which }, { filename, sha256 });
}
