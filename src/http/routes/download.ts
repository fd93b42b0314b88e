/**
 * Documents by a short-lived link: the signed one from the provider, the original while there is none; and evidence.
 * The bytes flow through at the pace of whoever takes them.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SignedLinks } from '../../auth/signed-links.ts';
import type { Downloads } from '../../envelopes/files/downloads.ts';
import { EVIDENCE } from '../../model/envelope.ts';
import { Problem, type ProblemCode } from '../../model/problems.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { attachment } from './attachment.ts';
import { sendProblem } from './plain-errors.ts';

export interface DownloadDeps {
  readonly links: SignedLinks;
  readonly downloads: Downloads;
  readonly logger: Logger;
}

/** Of problems that aren't the provider's refusal. */
const STATUSES: Partial<Record<ProblemCode, number>> = {
  NOT_FOUND: 404,
  NOT_READY: 409,
  PROVIDER_UNAVAILABLE: 503,
  // Not 429: the client that follows the link did not ask too often.
  RATE_LIMITED: 503,
};

const PATH = /^\/documents\/([\w.-]+)$/;

/** False when the path is none of a download, and nothing was done. */
export function handleDownload(deps: DownloadDeps, req: IncomingMessage, res: ServerResponse): boolean {
  const token = PATH.exec(req.url ?? '')?.[1];
  if (token === undefined) return false;
  void download(deps, req, res, token).catch((error: unknown) => {
    if (error instanceof Problem && !res.headersSent) {
      if (error.retryAfter) res.setHeader('retry-after', error.retryAfter.toUTCString());
      return sendProblem(res, STATUSES[error.code] ?? 502, error.code, error.message);
    }
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
  const opened = await open(downloads, link ?? {});
  if (!opened) {
    return sendProblem(res, 404, 'NOT_FOUND', 'This link was not made here, or its time is over: ask for a new one.');
  }
  const { filename, contentType, size, body } = opened;
  res.writeHead(200, {
    'content-type': contentType,
    // Never shown in this origin: what it holds is the sender's.
    'content-disposition': attachment(filename),
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

/** Null for a link that names nothing of this kind. */
async function open(
  downloads: Downloads,
  { tenantId, envelopeId, position, evidence }: Readonly<Record<string, unknown>>,
) {
  if (typeof tenantId !== 'string' || typeof envelopeId !== 'string') return null;
  if (typeof position === 'number') return downloads.open(tenantId, envelopeId, position);
  const which = EVIDENCE.find((name) => name === evidence);
  return which ? downloads.evidence(tenantId, envelopeId, which) : null;
}
