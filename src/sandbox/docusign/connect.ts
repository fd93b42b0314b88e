/**
 * Connect: who hears of an event, each attempt to tell them, retries, and the failure and log queues.
 * First attempts of one envelope at one target go out in order; nothing else is ordered.
 * @module
 */
import { Agent } from 'undici';
import type { Fault } from '../kit/faults.ts';
import { type FailureEntry, type LogEntry, type Message, messageBody, messageFor } from './connect-messages.ts';
import { post } from './connect-post.ts';
import { corruptSignatures, signatureHeaders } from './hmac.ts';
import { backlogAllows, nextDelay } from './retries.ts';
import { type ConnectEvent, type Envelope, type Recipient, type Sandbox, taskKey } from './state.ts';

export interface Connect {
  /** The messages an event makes: not sent yet. */
  messages(envelope: Envelope, event: ConnectEvent, recipient: Recipient | undefined): Message[];
  /** Sends them; resolves when each had its first attempt. */
  dispatch(messages: readonly Message[]): Promise<void>;
  /** Another try at once, for every queued message of an envelope. */
  retryNow(envelopeId: string): FailureEntry[];
  /** Another try of a message that waits for one. */
  retry(messageId: string): Promise<unknown> | undefined;
  /** Messages without an outcome yet, by id: those that were made, are held by a fault, or are being sent. */
  outgoing: Map<string, Message>;
  failures: Map<string, FailureEntry>;
  logs: LogEntry[];
  /** Sends what an earlier run left without an outcome. */
  resume(): void;
  /** Resolves when no attempt is under way or held by a fault. */
  idle(): Promise<void>;
  clear(): void;
  close(): Promise<void>;
}

export const WEBHOOK_FAULTS: ReadonlySet<string> = new Set([
  'duplicate',
  'reorder',
  'delay',
  'drop',
  'corrupt-signature',
  'malformed-json',
]);
/** A reordered message waits for the next one of its envelope, but no longer than this. */
const REORDER_MS = 500;

export function createConnect(sandbox: () => Sandbox): Connect {
  const agent = new Agent({ connections: 64, keepAliveTimeout: 10_000 });
  const chains = new Map<string, Promise<void>>();
  const held = new Map<string, () => void>();
  const underWay = new Set<Promise<unknown>>();
  const outgoing = new Map<string, Message>();
  const failures = new Map<string, FailureEntry>();
  const logs: LogEntry[] = [];

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  };

  /** One POST; true when it was acknowledged. */
  const attempt = async (message: Message, faults: readonly Fault[]): Promise<boolean> => {
    const state = sandbox();
    const { subscription, envelope } = message;
    const { contentType, body } = messageBody(state, message);
    const sent = faults.some((fault) => fault.kind === 'malformed-json')
      ? body.slice(0, Math.floor(body.length / 2))
      : body;
    const keys = state.accounts.get(envelope.accountId)?.hmacKeys.map((entry) => entry.key) ?? [];
    const signatures = subscription.hmac ? signatureHeaders(keys, sent) : {};
    if (faults.some((fault) => fault.kind === 'corrupt-signature')) corruptSignatures(signatures);
    const basic =
      subscription.basic === undefined
        ? {}
        : {
            Authorization: `Basic ${Buffer.from(`${subscription.basic.userName}:${subscription.basic.password}`).toString('base64')}`,
          };
    outgoing.set(message.id, message);
    // Nothing is sent that a restart would forget: it waits until the state is stored.
    if (!(await isKept(state))) return false;
    const outcome = await post(
      agent,
      Math.max(50, state.settings.webhookTimeoutMs / state.settings.timeFactor),
      subscription.url,
      { 'Content-Type': contentType, 'User-Agent': 'DocuSign-Connect-Sandbox', ...basic, ...signatures },
      sent,
    );
    state.ledger.write('webhook', {
      event: message.event,
      envelopeId: envelope.envelopeId,
      ...(message.recipientId === undefined ? {} : { recipientId: message.recipientId }),
      messageId: message.id,
      configurationId: subscription.configurationId,
      target: subscription.url,
      retryCount: message.retryCount,
      outcome: outcome.error === undefined ? 'delivered' : 'failed',
      ...(outcome.status === undefined ? {} : { status: outcome.status }),
      ...(outcome.error === undefined ? {} : { error: outcome.error }),
      ...(faults.length === 0 ? {} : { faults: faults.map((fault) => fault.kind) }),
    });
    log(message, outcome.error, sent);
    outgoing.delete(message.id);
    state.changed();
    return settle(message, outcome.error);
  };

  const log = (message: Message, error: string | undefined, payload: string): void => {
    if (!message.subscription.log) return;
    logs.push({
      logId: sandbox().random.uuid('log'),
      message,
      createdAt: sandbox().clock.now(),
      status: error === undefined ? 'Success' : 'Failure',
      error: error ?? '',
      retryCount: message.retryCount,
      payload,
    });
    if (logs.length > 100) logs.shift();
  };

  /** Books the outcome of an attempt: done, queued for another, or given up. */
  const settle = (message: Message, error: string | undefined): boolean => {
    const entry = failures.get(message.id);
    if (error === undefined) {
      failures.delete(message.id);
      cancelRetry(message.id);
      if (entry !== undefined) releasePending(message.subscription.configurationId);
      return true;
    }
    if (!message.subscription.acknowledge) return false;
    const now = sandbox().clock.now();
    const next = entry ?? {
      failureId: sandbox().random.uuid('failure'),
      message,
      createdAt: now,
      lastTryAt: now,
      error,
      state: 'queued',
    };
    next.lastTryAt = now;
    next.error = error;
    failures.set(message.id, next);
    scheduleRetry(next);
    return false;
  };

  const scheduleRetry = (entry: FailureEntry): void => {
    const state = sandbox();
    cancelRetry(entry.message.id);
    const delay = nextDelay(
      state.settings.retryProfile,
      entry.message.retryCount,
      entry.lastTryAt - entry.createdAt,
      state.random.next('retry-jitter'),
    );
    if (delay === undefined) {
      entry.state = 'abandoned';
      state.ledger.write('webhook', {
        event: entry.message.event,
        envelopeId: entry.message.envelope.envelopeId,
        messageId: entry.message.id,
        target: entry.message.subscription.url,
        retryCount: entry.message.retryCount,
        outcome: 'abandoned',
      });
      return;
    }
    entry.state = 'queued';
    const due = state.clock.now() + delay / state.settings.timeFactor;
    state.agenda.add(due, { kind: 'retry', messageId: entry.message.id });
  };

  const cancelRetry = (messageId: string): void => sandbox().agenda.cancel(taskKey({ kind: 'retry', messageId }));

  const retry = (entry: FailureEntry): Promise<boolean> => {
    cancelRetry(entry.message.id);
    entry.message.retryCount += 1;
    return track(attempt(entry.message, []));
  };

  /** Profile `daily`: the first success of a configuration lets all held ones go, in order. */
  const releasePending = (configurationId: number): void => {
    const waiting = [...failures.values()].filter(
      ({ state, message }) => state === 'pending' && message.subscription.configurationId === configurationId,
    );
    for (const { message } of waiting) {
      failures.delete(message.id);
      outgoing.set(message.id, message);
    }
    void track(
      (async () => {
        for (const { message } of waiting) {
          await attempt(message, []);
        }
      })(),
    );
  };

  const first = async (message: Message, faults: readonly Fault[]): Promise<void> => {
    const state = sandbox();
    if (!backlogAllows(state.settings.retryProfile, failures, message)) {
      const now = state.clock.now();
      failures.set(message.id, {
        failureId: state.random.uuid('failure'),
        message,
        createdAt: now,
        lastTryAt: now,
        error: 'Pending',
        state: 'pending',
      });
      outgoing.delete(message.id);
      return;
    }
    await attempt(message, faults);
    for (const fault of faults) if (fault.kind === 'duplicate') await attempt(message, [fault]);
  };

  const enqueue = (message: Message): Promise<void> => {
    const state = sandbox();
    const faults = state.faults.strike(
      { route: 'webhook', envelopeIds: [message.envelope.envelopeId], event: message.event },
      WEBHOOK_FAULTS,
    );
    if (faults.some((fault) => fault.kind === 'drop')) {
      outgoing.delete(message.id);
      state.ledger.write('webhook', {
        event: message.event,
        envelopeId: message.envelope.envelopeId,
        messageId: message.id,
        target: message.subscription.url,
        retryCount: 0,
        outcome: 'dropped',
        faults: ['drop'],
      });
      return Promise.resolve();
    }
    const key = `${message.envelope.envelopeId}/${message.subscription.configurationId}`;
    const delay = faults.find((fault) => fault.kind === 'delay');
    if (delay !== undefined) {
      return new Promise((resolve) => {
        state.clock.after(delay.ms ?? 1000, () => first(message, faults).then(resolve));
      });
    }
    if (faults.some((fault) => fault.kind === 'reorder')) {
      return new Promise((resolve) => {
        const release = (): void => {
          if (held.get(key) !== release) return;
          held.delete(key);
          void first(message, faults).then(resolve);
        };
        held.get(key)?.();
        held.set(key, release);
        state.clock.after(REORDER_MS, release);
      });
    }
    const previous = chains.get(key) ?? Promise.resolve();
    const work = previous.then(() => first(message, faults)).then(() => held.get(key)?.());
    chains.set(key, work);
    void work.finally(() => {
      if (chains.get(key) === work) chains.delete(key);
    });
    return work;
  };

  return {
    messages(envelope, event, recipient) {
      const state = sandbox();
      const account = state.accounts.get(envelope.accountId);
      const configured = [...(account?.configurations.values() ?? [])]
        .filter((configuration) => listens(configuration, envelope))
        .map((configuration) => configuration.subscription);
      return [...envelope.subscriptions, ...configured]
        .filter((subscription) => subscription.events.has(event))
        .map((subscription) => {
          const message = messageFor(state, envelope, event, recipient, subscription);
          outgoing.set(message.id, message);
          return message;
        });
    },
    async dispatch(messages) {
      await Promise.all(messages.map((message) => track(enqueue(message))));
    },
    retryNow(envelopeId) {
      const entries = [...failures.values()].filter(({ message }) => message.envelope.envelopeId === envelopeId);
      for (const entry of entries) void retry(entry);
      return entries;
    },
    retry(messageId) {
      const entry = failures.get(messageId);
      return entry && retry(entry);
    },
    outgoing,
    failures,
    logs,
    resume() {
      for (const message of outgoing.values()) {
        const entry = failures.get(message.id);
        void track<unknown>(entry === undefined ? enqueue(message) : retry(entry));
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    clear() {
      outgoing.clear();
      failures.clear();
      logs.length = 0;
      chains.clear();
      held.clear();
    },
    close: () => agent.destroy(),
  };
}

function listens(
  configuration: { fields: Record<string, unknown>; allUsers: boolean; userIds: string[] },
  envelope: Envelope,
): boolean {
  const on = String(configuration.fields['allowEnvelopePublish'] ?? 'true').toLowerCase() === 'true';
  return on && (configuration.allUsers || configuration.userIds.includes(envelope.senderUserId));
}

function isKept(sandbox: Sandbox): Promise<boolean> {
  return sandbox.kept().then(
    () => true,
    () => false,
  );
}
