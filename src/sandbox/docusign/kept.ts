/**
 * What of a sandbox is kept over restarts, and how it goes on from there. All of it stands here: whoever adds to what a
 * sandbox knows adds it to `Kept`, and raises VERSION.
 * @module
 */
import { createPublicKey } from 'node:crypto';
import * as z from 'zod';
import type { Fault } from '../kit/faults.ts';
import type { LedgerEntry } from '../kit/ledger.ts';
import { openStore, type Store } from '../kit/store.ts';
import type { FailureEntry, LogEntry, Message } from './connect-messages.ts';
import type { Counted, LimitSettings } from './limits.ts';
import { isEnded } from './progress.ts';
import type { Settings } from './settings.ts';
import type { App, Envelope, Sandbox, Task } from './state.ts';
import { rememberTransaction } from './transactions.ts';

/** Of the shape of `Kept` and all that is in it. */
export const VERSION = 1;

/** How much is kept at most: the newest of each, and envelopes under way before those that have ended. */
export interface Bounds {
  envelopes: number;
  /** Of documents, as they came and as they were signed. */
  documentBytes: number;
  ledger: number;
  mails: number;
  /** Of signing links, of sessions, of tokens, and of each list of Connect's messages. */
  others: number;
  /** Of the content of such a list, in characters. */
  messageCharacters: number;
}

export const BOUNDS: Bounds = {
  envelopes: 1_000,
  documentBytes: 256 * 1024 * 1024,
  ledger: 5_000,
  mails: 2_000,
  others: 2_000,
  messageCharacters: 64 * 1024 * 1024,
};

/** Public keys as PEM. */
type KeptApp = Omit<App, 'publicKeys'> & { publicKeys: string[] };

export interface Kept extends Pick<
  Sandbox,
  | 'run'
  | 'settings'
  | 'users'
  | 'accounts'
  | 'tokens'
  | 'consents'
  | 'envelopes'
  | 'mails'
  | 'links'
  | 'sessions'
  | 'autoSign'
  | 'nextConfigurationId'
  | 'nextEnvelopeNumber'
> {
  /** Milliseconds of the virtual clock. */
  ahead: number;
  settings: Settings;
  apps: KeptApp[];
  planned: { due: number; task: Task }[];
  outgoing: Message[];
  failures: FailureEntry[];
  logs: LogEntry[];
  ledger: LedgerEntry[];
  faults: Fault[];
  limits: LimitSettings;
  counted: Counted;
}

export function openKept(directory: string, bounds: Bounds, sandbox: () => Sandbox): Store<Kept> {
  return openStore<Kept>({
    directory,
    version: VERSION,
    take: () => keptOf(sandbox(), bounds),
    parse: (found) => isKept.parse(found),
    onError: (error) => process.stderr.write(`The sandbox could not keep what it knows: ${String(error)}\n`),
  });
}

/** The version vouches for what is within. */
const isKept = z.custom<Kept>((found) => typeof found === 'object' && found !== null && 'envelopes' in found);

function keptOf(sandbox: Sandbox, bounds: Bounds): Kept {
  const { connect, clock, faults, limits } = sandbox;
  const envelopes = keptEnvelopes(sandbox, bounds);
  const isThere = ({ envelopeId }: { envelopeId: string }): boolean => envelopes.has(envelopeId);
  const messages = <T>(entries: readonly T[], messageOf: (entry: T) => Message): T[] =>
    newest(
      entries.filter((entry) => isThere(messageOf(entry).envelope)),
      { most: bounds.others, size: bounds.messageCharacters, sizeOf: (entry) => charactersOf(messageOf(entry)) },
    );
  const failures = messages([...connect.failures.values()], ({ message }) => message);
  const waiting = new Set(failures.map(({ message }) => message.id));
  const tokens = [...sandbox.tokens].filter(([, { expiresAt }]) => expiresAt > clock.now());
  return {
    run: sandbox.run,
    ahead: clock.ahead(),
    settings: sandbox.settings,
    users: sandbox.users,
    accounts: sandbox.accounts,
    apps: [...sandbox.apps.values()].map(keptApp),
    tokens: new Map(tokens.slice(-bounds.others)),
    consents: sandbox.consents,
    envelopes,
    mails: sandbox.mails.filter(isThere).slice(-bounds.mails),
    links: new Map([...sandbox.links].filter(([, link]) => isThere(link)).slice(-bounds.others)),
    sessions: new Map([...sandbox.sessions].filter(([, session]) => isThere(session)).slice(-bounds.others)),
    autoSign: sandbox.autoSign,
    nextConfigurationId: sandbox.nextConfigurationId,
    nextEnvelopeNumber: sandbox.nextEnvelopeNumber,
    planned: sandbox.agenda
      .planned()
      .filter(({ task }) => (task.kind === 'retry' ? waiting.has(task.messageId) : isThere(task))),
    outgoing: messages([...connect.outgoing.values()], (message) => message),
    failures,
    logs: messages(connect.logs, ({ message }) => message),
    ledger: sandbox.ledger.read().slice(-bounds.ledger),
    faults: faults.list(),
    limits: limits.settings,
    counted: limits.counted(),
  };
}

/** Of a sandbox that was just made and seeded with nothing. What is planned happens once its agenda begins. */
export function restore(sandbox: Sandbox, kept: Kept): void {
  const known: Partial<Sandbox> = {
    run: kept.run,
    settings: kept.settings,
    users: kept.users,
    accounts: kept.accounts,
    tokens: kept.tokens,
    consents: kept.consents,
    envelopes: kept.envelopes,
    mails: kept.mails,
    links: kept.links,
    sessions: kept.sessions,
    autoSign: kept.autoSign,
    nextConfigurationId: kept.nextConfigurationId,
    nextEnvelopeNumber: kept.nextEnvelopeNumber,
  };
  Object.assign(sandbox, known);
  for (const app of kept.apps) {
    sandbox.apps.set(app.integrationKey, { ...app, publicKeys: app.publicKeys.map((pem) => createPublicKey(pem)) });
  }
  for (const envelope of kept.envelopes.values()) rememberTransaction(sandbox, envelope);
  for (const { due, task } of kept.planned) sandbox.agenda.add(due, task);
  for (const message of kept.outgoing) sandbox.connect.outgoing.set(message.id, message);
  for (const entry of kept.failures) sandbox.connect.failures.set(entry.message.id, entry);
  sandbox.connect.logs.push(...kept.logs);
  sandbox.ledger.resume(kept.ledger);
  sandbox.faults.resume(kept.faults);
  sandbox.limits.resume(kept.limits, kept.counted);
}

function keptApp({ integrationKey, publicKeys, redirectUris }: App): KeptApp {
  const pems = publicKeys.map((key) => key.export({ type: 'spki', format: 'pem' }).toString());
  return { integrationKey, publicKeys: pems, redirectUris };
}

function keptEnvelopes({ envelopes }: Sandbox, bounds: Bounds): Map<string, Envelope> {
  const all = [...envelopes.values()];
  const byWorth = [...all.filter(isEnded), ...all.filter((envelope) => !isEnded(envelope))];
  const kept = new Set(newest(byWorth, { most: bounds.envelopes, size: bounds.documentBytes, sizeOf: bytesOf }));
  return new Map([...envelopes].filter(([, envelope]) => kept.has(envelope)));
}

function bytesOf({ documents, rendered }: Envelope): number {
  const all = [...documents.map(({ bytes }) => bytes), ...rendered.values()];
  return all.reduce((sum, { length }) => sum + length, 0);
}

function charactersOf({ content }: Message): number {
  if (content === undefined) return 0;
  return typeof content === 'string' ? content.length : JSON.stringify(content).length;
}

interface Room<T> {
  most: number;
  /** Of all of them together. */
  size: number;
  sizeOf(entry: T): number;
}

/** The last of a list, as many as fit. */
function newest<T>(entries: readonly T[], { most, size, sizeOf }: Room<T>): T[] {
  let [first, left] = [entries.length, size];
  for (const entry of entries.toReversed()) {
    left -= sizeOf(entry);
    if (left < 0 || entries.length - first === most) break;
    first -= 1;
  }
  return entries.slice(first);
}
