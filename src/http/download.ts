/**
 * Documents by a short-lived link: the signed one from the provider, the original while there is none.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SignedLinks } from '../auth/signed-links.ts';
import type { Downloads } from '../envelopes/downloads.ts';
import { Problem } from '../model/problems.ts';
import type { Logger } from '../telemetry/logger.ts';
import { sendProblem } from './plain-errors.ts';

export interface DownloadDeps {
  readonly links: SignedLinks;
  readonly downloads: Downloads;
  readonly logger: Logger;
}

const PATH = /^\/documents\/([\w.-]+)$/;

/** False when the path is none of a download, and nothing was done. */
export function handleDownload(deps: DownloadDeps, req: IncomingMessage, res: ServerResponse): boolean {
  const token = PATH.exec(req.url ?? '')?.[1];
  if (token === undefined) return false;
  void download(deps, req, res, token).catch((error: unknown) => {
    if (error instanceof Problem)
      return sendProblem(res, error.code === 'NOT_FOUND' ? 404 : 502, error.code, error.message);
    deps.logger.error({ err: error }, 'a download failed');
    // Past the headers the only honest end is a broken connection: a short file must not look whole.
    if (res.headersSent) res.destroy();
    else sendProblem(res, 500, 'INTERNAL', 'Something failed inside countersign.');
  });
  return true;
}

async function download(
  { links, downloads }: DownloadDeps,
  req: IncomingMessage,
  res: ServerResponse,
  token: string,
): Promise<void> {
  if (req.method !== 'GET' && req.method !== 'HEAD')
    return sendProblem(res, 405, 'METHOD_NOT_ALLOWED', 'Only GET is taken here.');
  const link = await links.verify('download', token);
  const { tenantId, envelopeId, position } = link ?? {};
  if (typeof tenantId !== 'string' || typeof envelopeId !== 'string' || typeof position !== 'number') {
    return sendProblem(res, 404, 'NOT_FOUND', 'This link was not made here, or its time is over: ask for a new one.');
  }
  const { filename, contentType, size, body } = await downloads.open(tenantId, envelopeId, position);
  res.writeHead(200, {
    'content-type': contentType,
    // Never shown in this origin: what it holds is the sender's.
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': 'private, no-store',
    ...(size !== null && { 'content-length': size }),
  });
  if (req.method === 'HEAD') {
    await body.cancel();
    res.end();
    return;
  }
  await pipeline(Readable.fromWeb(body), res);
}
