/**
 * Documents of one envelope: the list, one file, all combined, the certificate, the archive.
 * @module
 */
import { zip } from '../kit/zip.ts';
import { type Call, type Reply, envelopeOf, ok, query } from './call.ts';
import { documentsJson } from './envelope-json.ts';
import { unknownDocument } from './errors.ts';
import { certificatePdf, combinedPdf, documentPdf } from './pdf.ts';
import type { Envelope } from './state.ts';
import { isTrue } from './values.ts';

export function listDocuments(call: Call): Reply {
  const envelope = envelopeOf(call);
  return ok({ envelopeId: envelope.envelopeId, envelopeDocuments: documentsJson(envelope) });
}

export async function getDocument(call: Call): Promise<Reply> {
  const envelope = envelopeOf(call);
  const documentId = call.params['documentId'] ?? '';
  switch (documentId.toLowerCase()) {
    case 'combined': {
      if (envelope.documents.length === 0) throw unknownDocument();
      const certificate = query(call, 'certificate');
      const wanted = certificate === undefined ? envelope.status === 'completed' : isTrue(certificate);
      return file(call, await combinedPdf(envelope, wanted), 'application/pdf', 'Combined.pdf');
    }
    case 'certificate':
      return file(call, await certificatePdf(envelope), 'application/pdf', 'Summary.pdf');
    case 'archive':
      return file(call, await archive(envelope), 'application/zip', 'Archive.zip');
    default: {
      const document = envelope.documents.find((candidate) => candidate.documentId === documentId);
      if (document === undefined) throw unknownDocument();
      return file(call, await documentPdf(envelope, document), 'application/pdf', document.name);
    }
  }
}

async function archive(envelope: Envelope): Promise<Uint8Array> {
  const files = await Promise.all(
    envelope.documents.map(async (document) => ({
      name: document.name,
      content: await documentPdf(envelope, document),
    })),
  );
  return zip([...files, { name: 'Summary.pdf', content: await certificatePdf(envelope) }]);
}

/** With the request header `Content-Transfer-Encoding: base64` the body is base64 text. */
function file(call: Call, bytes: Uint8Array, contentType: string, name: string): Reply {
  const base64 = String(call.request.headers['content-transfer-encoding'] ?? '').toLowerCase() === 'base64';
  return {
    status: 200,
    bytes: base64 ? Buffer.from(Buffer.from(bytes).toString('base64')) : bytes,
    headers: {
      'Content-Type': contentType,
      'Content-Disposition': `file; filename="${encodeURIComponent(name)}"`,
      ...(base64 ? { 'Content-Transfer-Encoding': 'base64' } : {}),
    },
  };
}
