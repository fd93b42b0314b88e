/**
 * Documents as bytes that flow through: none is held whole.
 * Source: specification of `GET /envelopes/{id}/documents/{documentId}`, where `combined`, `certificate` and `archive`
 * stand for what DocuSign makes of all of them.
 * @module
 */
import { ReadableStream } from 'node:stream/web';
import type { Response } from 'undici';
import type { Evidence } from '../../model/envelope.ts';
import { type World, settledWithin } from '../../world.ts';
import { UnreadableAnswer } from '../http.ts';
import type { Download } from '../provider.ts';
import { type Api, envelopePath, segment } from './api.ts';

/** Milliseconds without a byte until a download counts as broken. */
const STALL_MS = 60_000;

/** `documentRef` is our ref of a document. */
export function download(api: Api, providerId: string, documentRef: string): Promise<Download> {
  return bytesOf(api, envelopePath(providerId, `/documents/${segment(documentRef)}`), 'application/pdf');
}

/** The certificate is a file of its own, so the combined one is told to leave it out. */
const EVIDENCE: Readonly<Record<Evidence, { readonly path: string; readonly contentType: string }>> = {
  certificate: { path: '/documents/certificate', contentType: 'application/pdf' },
  combined: { path: '/documents/combined?certificate=false', contentType: 'application/pdf' },
  archive: { path: '/documents/archive', contentType: 'application/zip' },
};

export async function evidence(api: Api, providerId: string, which: Evidence): Promise<Download> {
  const { path, contentType } = EVIDENCE[which];
  // Whatever DocuSign calls an archive (unconfirmed), it is one.
  return { ...(await bytesOf(api, envelopePath(providerId, path), contentType)), contentType };
}

function bytesOf(api: Api, path: string, accept: string): Promise<Download> {
  return api.call({
    method: 'GET',
    path,
    accept,
    effect: 'SAFE',
    take: async (response) => streamOf(response, api.world),
  });
}

function streamOf(response: Response, world: World): Download {
  const { body, headers } = response;
  if (!body) throw new UnreadableAnswer('a document without a body');
  const length = headers.get('content-length');
  return {
    contentType: headers.get('content-type') ?? 'application/pdf',
    size: length !== null && /^\d+$/.test(length) && !headers.has('content-encoding') ? Number(length) : null,
    body: ReadableStream.from(withoutStalls(body, world)),
  };
}

async function* withoutStalls(body: ReadableStream<Uint8Array>, world: World): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const read = await settledWithin(world, STALL_MS, reader.read());
      if (!read) throw new Error(`no byte of the document for ${STALL_MS} ms`);
      if (read.value.done) return;
      yield read.value.value;
    }
  } finally {
    // Ends the connection when the reader goes away early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}
