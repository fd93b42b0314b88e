/**
 * Documents by one PUT to a signed address. The body goes to the store as it comes: what the database doesn't take yet
 * is not read from the socket.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedLinks } from '../../auth/signed-links.ts';
import type { StoredDocument } from '../../documents/store.ts';
import { publicId } from '../../model/ids.ts';
import { InvalidInput, Problem } from '../../model/problems.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { World } from '../../world.ts';
import { BodyTooSlow, type Pace, pacedBody } from './paced-body.ts';
import { sendProblem } from './plain-errors.ts';

export interface UploadDeps {
  readonly links: SignedLinks;
  /** Takes the bytes of a declared upload; throws a Problem, or what the body throws. */
  readonly receive: (tenantId: string, documentId: string, body: AsyncIterable<Uint8Array>) => Promise<StoredDocument>;
  readonly world: World;
  readonly logger: Logger;
  readonly pace?: Pace;
}

const PATH = /^\/uploads\/([\w.-]+)$/;
/** Below what Node gives a request as a whole, so that the refusal can still be told. */
const PACE: Pace = { deadlineMs: 110_000, minRate: 16_384, graceMs: 10_000 };
const STATUS: Readonly<Record<string, number>> = { NOT_FOUND: 404, WRONG_STATE: 409 };

/** False when the path is none of an upload, and nothing was done. */
export function handleUpload(deps: UploadDeps, req: IncomingMessage, res: ServerResponse): boolean {
  const token = PATH.exec(req.url ?? '')?.[1];
  if (token === undefined) return false;
  void upload(deps, req, res, token).catch((error: unknown) => {
    // What is left of the body is not read, so the connection is of no more use.
    res.setHeader('connection', 'close');
    if (error instanceof BodyTooSlow) return sendProblem(res, 408, 'BODY_TOO_SLOW', error.message);
    if (error instanceof Problem) {
      const issues = error instanceof InvalidInput ? { issues: error.issues } : {};
      return sendProblem(res, STATUS[error.code] ?? 400, error.code, error.message, { fix: error.fix, ...issues });
    }
    if (req.destroyed && !req.complete) return;
    deps.logger.error({ err: error }, 'an upload failed');
    sendProblem(res, 500, 'INTERNAL', 'Something failed inside countersign.');
  });
  return true;
}

async function upload(
  { links, receive, world, pace = PACE }: UploadDeps,
  req: IncomingMessage,
  res: ServerResponse,
  token: string,
): Promise<void> {
  const refuse = (status: number, code: string, detail: string): void => {
    res.setHeader('connection', 'close');
    sendProblem(res, status, code, detail);
  };
  if (req.method !== 'PUT') return refuse(405, 'METHOD_NOT_ALLOWED', 'Only PUT is taken here.');
  if ((req.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    return refuse(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the file as it is, without a content encoding.');
  }
  const link = await links.verify('upload', token);
  const { tenantId, documentId } = link ?? {};
  if (typeof tenantId !== 'string' || typeof documentId !== 'string') {
    const detail = 'This upload address was not made here, or its time is over: ask `createUpload` for another.';
    return refuse(404, 'NOT_FOUND', detail);
  }
  const { id, filename, size, sha256, state } = await receive(tenantId, documentId, pacedBody(world, req, pace));
  const body = JSON.stringify({ id: publicId('Document', id), state, filename, size, sha256 });
  res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}
