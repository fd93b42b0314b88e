/**
 * Documents as bytes that flow through: none is held whole.
 * Source: specification of `GET /envelopes/{id}/documents/{documentId}`.
 * @module
 */
import { ReadableStream } from 'node:stream/web';
import type { Response } from 'undici';
import type { World } from '../../world.ts';
import { UnreadableAnswer } from '../http.ts';
import type { Download } from '../provider.ts';
import { type Api, envelopePath, segment } from './api.ts';

/** Milliseconds without a byte until a download counts as broken. */
const STALL_MS = 60_000;

/** `documentRef` is our ref of a document, or DocuSign's `combined` and `certificate`. */
export async function download(api: Api, providerId: string, documentRef: string): Promise<Download> {
  return api.call({
    method: 'GET',
    path: envelopePath(providerId, `/documents/${segment(documentRef)}`),
    accept: 'application/pdf',
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
      const { promise: stalled, reject } = Promise.withResolvers<never>();
      const timer = world.timer(STALL_MS, () => reject(new Error(`no byte of the document for ${STALL_MS} ms`)));
      const { done, value } = await Promise.race([reader.read(), stalled]).finally(() => timer.cancel());
      if (done) return;
      yield value;
    }
  } finally {
    // Ends the connection when the reader goes away early; after the end it does nothing.
    await reader.cancel().catch(() => {});
  }
}
