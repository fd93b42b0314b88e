/**
 * Webhooks on raw `node:http`, in front of everything else: the bytes that were signed are the bytes that are verified.
 * A 2XX is a promise: what was acknowledged is on disk.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Database } from '../db/client.ts';
import { MAX_WEBHOOK_BYTES } from '../model/limits.ts';
import type { WebhookAnswer } from '../providers/provider.ts';
import { type DeliveryOutcome, type Metrics, noMetrics } from '../telemetry/metrics.ts';
import { type World, withTimeout } from '../world.ts';
import { newCounters, type WebhookCounters } from './counters.ts';
import { createInbox } from './inbox.ts';
import { contentTypeOf, readIncoming, type WebhookRoute } from './incoming.ts';
import { type BodyLimits, type BodyOutcome, type Budget, readBody } from './read-body.ts';
import { createRefusals, type RefusalLimits } from './refusals.ts';
import { answerOf, send } from './answer.ts';
import type { RefuseSource } from './source.ts';

export interface WebhookReceiverDeps {
  readonly database: Database;
  readonly world: World;
  /** Whose webhook `/webhooks/<provider>/<secret>` is; null when nobody's. */
  readonly route: (provider: string, secret: string) => Promise<WebhookRoute | null>;
  /** Why a call isn't taken from where it comes, or null. Left out, every address may call. */
  readonly refuseSource?: RefuseSource;
  /** Told after a commit which tenants have news; returns at once. */
  readonly hint: (tenantIds: readonly string[]) => void;
  /** Told of what went wrong here. Errors of the database hold parameters: log their class, not their text. */
  readonly onError: (error: unknown) => void;
  readonly metrics?: Metrics;
  readonly limits?: Partial<ReceiverLimits>;
  readonly refusals?: RefusalLimits;
}

export interface ReceiverLimits extends BodyLimits {
  /** Bytes of all bodies that are read and not answered yet. */
  readonly budgetBytes: number;
  /** Milliseconds that the database may take for a look-up or a commit before the provider is told to come again. */
  readonly storeMs: number;
}

export const RECEIVER_LIMITS: ReceiverLimits = {
  maxBytes: MAX_WEBHOOK_BYTES,
  deadlineMs: 30_000,
  minRate: 1_024,
  graceMs: 5_000,
  budgetBytes: 128 * 1024 * 1024,
  storeMs: 10_000,
};

export interface WebhookReceiver {
  /** Takes the request and answers it; false when its path is none of a webhook, and nothing was done. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** Answers 503 from now on; resolves when all that was taken is answered and written. */
  drain(): Promise<void>;
  readonly counters: Readonly<WebhookCounters>;
}

/** A call on its way, for the one line it leaves in the metrics. */
interface Call {
  readonly provider: string;
  /** Whether its address is one of ours: made-up names must not become labels. */
  known: boolean;
  /** What it is counted as when it is answered as the provider wants. */
  accepted: DeliveryOutcome;
}

const PATH = /^\/webhooks\/([^/?]+)\/([^/?]+)(?:\?|$)/;

/** Why a call left nothing but a row that says so. What is answered 503 is none of them: the provider comes again. */
function reasonOf(what: Exclude<BodyOutcome, Buffer>, { maxBytes, deadlineMs }: ReceiverLimits): string | null {
  switch (what) {
    case 'TOO_LARGE':
      return `its body has more than the ${maxBytes} bytes that are taken: leave documents out of webhooks`;
    case 'TOO_SLOW':
      return `its body came too slowly, or not within ${deadlineMs / 1_000} seconds`;
    case 'GONE':
      return 'the connection broke off before its body was whole';
    case 'NO_ROOM':
      return null;
  }
}

export function createWebhookReceiver(deps: WebhookReceiverDeps): WebhookReceiver {
  const { world, metrics = noMetrics } = deps;
  const limits = { ...RECEIVER_LIMITS, ...deps.limits };
  const counters = newCounters();
  const inbox = createInbox({ ...deps, metrics, counters });
  const refusals = createRefusals({ ...deps, counters }, deps.refusals);
  const budget: Budget = { maxBytes: limits.budgetBytes, used: 0 };
  const open = new Set<Promise<void>>();
  let draining = false;

  async function receive(req: IncomingMessage, secret: string, call: Call): Promise<WebhookAnswer | null> {
    if (draining) return answerOf('UNAVAILABLE');
    const route = await withTimeout(world, limits.storeMs, deps.route(call.provider, secret));
    if (!route) return answerOf('NOT_FOUND');
    call.known = true;
    const foreign = deps.refuseSource?.(req) ?? null;
    if (foreign !== null) return refuse(req, route, foreign, 'NOT_FROM_HERE');
    const { method = '' } = req;
    if (method !== 'POST') {
      const challenged = method === 'GET' && route.provider.webhook.challenge?.(req.headers, route.keys);
      return (
        challenged || refuse(req, route, `it came by ${method}, and webhooks are sent by POST`, 'METHOD_NOT_ALLOWED')
      );
    }
    const encoding = req.headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') {
      return refuse(req, route, `its body is encoded (${encoding.slice(0, 50)}), which no signature covers`, 'ENCODED');
    }
    const { outcome, release } = await readBody(world, req, limits, budget);
    try {
      if (Buffer.isBuffer(outcome)) return await accept(req, route, outcome, call);
      const reason = reasonOf(outcome, limits);
      if (reason !== null) record(req, route, reason);
      return outcome === 'GONE' ? null : answerOf(outcome);
    } finally {
      release();
    }
  }

  function record(req: IncomingMessage, { tenantId, accountId }: WebhookRoute, reason: string): void {
    refusals.record({ tenantId, accountId, reason, contentType: contentTypeOf(req.headers) });
  }

  function refuse(
    req: IncomingMessage,
    route: WebhookRoute,
    reason: string,
    as: 'REFUSED' | 'NOT_FROM_HERE' | 'METHOD_NOT_ALLOWED' | 'ENCODED',
  ): WebhookAnswer {
    record(req, route, reason);
    return answerOf(as);
  }

  async function accept(req: IncomingMessage, route: WebhookRoute, body: Buffer, call: Call): Promise<WebhookAnswer> {
    const request = { headers: req.headers, body };
    const reason = route.provider.webhook.verify(request, route.keys);
    if (reason !== null) return refuse(req, route, reason, 'REFUSED');
    const incoming = readIncoming(world, route, request);
    const stored = await withTimeout(world, limits.storeMs, inbox.put(incoming));
    if (stored === 'DUPLICATE') counters.duplicate += 1;
    if (stored === 'DUPLICATE') call.accepted = 'duplicate';
    else call.accepted = incoming.unparsable === null ? 'stored' : 'unparsable';
    return route.provider.webhook.accepted;
  }

  async function run(req: IncomingMessage, res: ServerResponse, provider: string, secret: string): Promise<void> {
    const call: Call = { provider, known: false, accepted: 'challenge' };
    const answer = await receive(req, secret, call).catch((error: unknown) => {
      deps.onError(error);
      return answerOf('UNAVAILABLE');
    });
    metrics.delivery(call.known ? provider : 'unknown', answer ? count(answer.status, call) : 'gone');
    if (answer) send(world, req, res, answer);
  }

  function count(status: number, { accepted }: Call): DeliveryOutcome {
    if (status < 300) {
      counters.accepted += 1;
      return accepted;
    }
    const outcome = status === 401 || status === 403 ? 'refused' : status === 503 ? 'unavailable' : 'rejected';
    counters[outcome] += 1;
    return outcome;
  }

  return {
    counters,
    handle(req, res) {
      const [, provider, secret] = PATH.exec(req.url ?? '') ?? [];
      if (provider === undefined || secret === undefined) return false;
      counters.received += 1;
      const work = run(req, res, provider, secret).finally(() => open.delete(work));
      open.add(work);
      return true;
    },
    async drain() {
      draining = true;
      await Promise.all(open);
      await inbox.drain();
      await refusals.flush();
    },
  };
}
