/**
 * Links to bytes.
 * @module
 */
import { addMilliseconds } from '../model/time.ts';
import { builder } from './builder.ts';
import type { Services } from './context.ts';

/** A link that is mailed or pasted lives no longer than this. */
const DOWNLOAD_MS = 15 * 60_000;

interface DownloadLink {
  readonly url: string;
  readonly expiresAt: Date;
  readonly filename: string;
  readonly sha256: string | null;
}

export const DownloadType = builder.objectRef<DownloadLink>('Download').implement({
  description: 'A short-lived link to the bytes.',
  fields: (t) => ({
    url: t.field({
      type: 'URL',
      description:
        'GET it without a token; whoever has the link has the document. What can not be had is answered as `application/problem+json`; a connection that breaks before its end means that the bytes are not whole.',
      resolve: ({ url }) => url,
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'Not after.', resolve: ({ expiresAt }) => expiresAt }),
    filename: t.string({ description: 'The name it is saved under.', resolve: ({ filename }) => filename }),
    sha256: t.string({
      nullable: true,
      description:
        'SHA-256 in hexadecimal, of evidence alone: of the bytes that were first streamed whole from here. The bytes are not kept, so it is known only after that, and null before; a provider may make a file anew, and then it differs.',
      resolve: ({ sha256 }) => sha256,
    }),
  }),
});

/** `payload` says to `http/routes/download.ts` which bytes. */
export async function downloadLink(
  { world, links, publicUrl }: Services,
  payload: Readonly<Record<string, string | number>>,
  { filename, sha256 }: Pick<DownloadLink, 'filename' | 'sha256'>,
): Promise<DownloadLink> {
  const expiresAt = addMilliseconds(world.now(), DOWNLOAD_MS);
  const token = await links.sign('download', payload, expiresAt);
  return { url: `${publicUrl}/documents/${token}`, expiresAt, filename, sha256 };
}
