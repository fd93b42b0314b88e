/**
 * A provider that exists in memory alone: it keeps what it is asked, does as it is told by default, and whatever else a
 * test makes of it.
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { InvalidInput } from '../../src/model/problems.ts';
import type { Sighting } from '../../src/model/observation.ts';
import { instantOf } from '../../src/model/time.ts';
import {
  type Capabilities,
  type Correlation,
  type Draft,
  type OpenInput,
  type Provider,
  type ProviderClient,
  Unparsable,
} from '../../src/providers/provider.ts';

/** One word on an envelope, as the fake keeps it. */
export interface FakeEnvelope {
  readonly providerId: string;
  readonly correlation: Correlation;
  status: 'created' | 'sent' | 'voided';
}

export interface FakeProvider extends Provider {
  /** What was asked, in order: the method and its first argument. */
  readonly asked: { readonly method: string; readonly argument: unknown }[];
  readonly envelopes: Map<string, FakeEnvelope>;
  /** Put another one in a method's place to program its outcome; the default stays reachable under `defaults`. */
  does: FakeBehaviour;
  readonly defaults: FakeBehaviour;
}

export type FakeBehaviour = Pick<Provider, 'connect'> &
  Pick<
    ProviderClient,
    | 'createDraft'
    | 'findDraft'
    | 'release'
    | 'void'
    | 'remind'
    | 'correct'
    | 'signingUrl'
    | 'read'
    | 'download'
    | 'evidence'
  >;

export const FAKE_CAPABILITIES: Capabilities = {
  roles: ['SIGNER', 'CARBON_COPY'],
  fieldKinds: ['SIGNATURE', 'INITIALS', 'DATE_SIGNED', 'TEXT', 'CHECKBOX'],
  anchors: true,
  embeddedSigning: true,
  routingOrder: true,
  maxDocumentBytes: 5_000_000,
  maxTotalBytes: 25_000_000,
  maxSubject: 100,
  maxMessage: 10_000,
  maxName: 100,
  maxEmail: 100,
  maxVoidReason: 200,
  maxReturnUrl: 500,
  maxRecipients: 50,
  maxExpiryDays: 999,
  maxReminderDays: 999,
};

/** Credentials it takes: `{ user, password, hmacKeys, account? }`; an empty password is refused. */
export function fakeProvider(name: Provider['name'] = 'DOCUSIGN'): FakeProvider {
  const asked: FakeProvider['asked'] = [];
  const envelopes: FakeProvider['envelopes'] = new Map();
  const defaults = defaultBehaviour(envelopes);
  const fake: FakeProvider = {
    name,
    asked,
    envelopes,
    defaults,
    does: { ...defaults },
    capabilities: FAKE_CAPABILITIES,
    connect: (input, world) => {
      asked.push({ method: 'connect', argument: input });
      return fake.does.connect(input, world);
    },
    open: (input) => {
      asked.push({ method: 'open', argument: input });
      return clientOf(fake, input);
    },
    webhook: {
      accepted: { status: 200, headers: {}, body: '' },
      verify: ({ headers, body }, keys) => {
        const given = Buffer.from(String(headers['x-signature'] ?? ''));
        const isBy = (key: string): boolean => {
          const wanted = Buffer.from(createHmac('sha256', key).update(body).digest('base64'));
          return wanted.length === given.length && timingSafeEqual(wanted, given);
        };
        return keys.some(isBy) ? null : 'no key of this account made the signature';
      },
      parse: () => {
        throw new Unparsable('the fake says nothing that can be read');
      },
    },
  };
  return fake;
}

function clientOf(fake: FakeProvider, _input: OpenInput): ProviderClient {
  const ask = <Argument, Rest extends unknown[], Answer>(
    method: keyof FakeBehaviour,
    pick: () => (argument: Argument, ...rest: Rest) => Promise<Answer>,
  ) => {
    return (argument: Argument, ...rest: Rest): Promise<Answer> => {
      fake.asked.push({ method, argument });
      return pick()(argument, ...rest);
    };
  };
  return {
    readBatch: 50,
    pollingIntervalMs: 0,
    createDraft: ask('createDraft', () => fake.does.createDraft),
    findDraft: ask('findDraft', () => fake.does.findDraft),
    release: ask('release', () => fake.does.release),
    void: ask('void', () => fake.does.void),
    remind: ask('remind', () => fake.does.remind),
    correct: ask('correct', () => fake.does.correct),
    signingUrl: ask('signingUrl', () => fake.does.signingUrl),
    read: ask('read', () => fake.does.read),
    download: ask('download', () => fake.does.download),
    evidence: ask('evidence', () => fake.does.evidence),
  };
}

const AT = instantOf(new Date('2026-03-01T12:00:00Z'));

function defaultBehaviour(envelopes: Map<string, FakeEnvelope>): FakeBehaviour {
  const the = (providerId: string): FakeEnvelope => {
    const envelope = envelopes.get(providerId);
    if (!envelope) throw new Error(`the fake has no envelope ${providerId}`);
    return envelope;
  };
  return {
    connect: async ({ credentials }) => {
      const given = Object(credentials) as Record<string, unknown>;
      if (!given['password'])
        throw new InvalidInput([
          { code: 'REQUIRED', message: 'is required', path: ['credentials', 'password'], suggestion: null },
        ]);
      return {
        providerAccountId: String(given['account'] ?? 'account-1'),
        name: 'Fake Lettings',
        baseUri: 'https://fake.example',
        credentials: { user: given['user'], password: given['password'] },
        webhookKeys: Array.isArray(given['hmacKeys']) ? given['hmacKeys'].map(String) : ['fake-hmac-key'],
      };
    },
    createDraft: async (_content, correlation) => {
      const providerId = `fake-${envelopes.size + 1}`;
      envelopes.set(providerId, { providerId, correlation, status: 'created' });
      return { providerId, at: AT };
    },
    findDraft: async ({ commandId }): Promise<Draft | null> => {
      const found = [...envelopes.values()].find(({ correlation }) => correlation.commandId === commandId);
      return found ? { providerId: found.providerId, at: AT } : null;
    },
    release: async (providerId) => void (the(providerId).status = 'sent'),
    void: async (providerId) => void (the(providerId).status = 'voided'),
    remind: async () => undefined,
    correct: async () => undefined,
    signingUrl: async ({ providerId }) => ({
      url: `https://fake.example/sign/${providerId}`,
      expiresAt: new Date('2026-03-01T12:05:00Z'),
      singleUse: true,
    }),
    read: async (requests) =>
      requests.flatMap(({ providerId, sawEnd }) => {
        const envelope = envelopes.get(providerId);
        return envelope ? [sightingOf(envelope, sawEnd)] : [];
      }),
    evidence: async () => ({
      contentType: 'application/pdf',
      size: null,
      body: ReadableStream.from([Buffer.from('%PDF-')]),
    }),
    download: async () => ({
      contentType: 'application/pdf',
      size: 5,
      body: ReadableStream.from([Buffer.from('%PDF-')]),
    }),
  };
}

function sightingOf(
  { providerId, correlation, status }: FakeEnvelope,
  sawEnd: Sighting['observation']['sawEnd'],
): Sighting {
  const word = { at: AT, providerStatus: status };
  const envelope: Sighting['observation']['envelope'] =
    status === 'created'
      ? []
      : status === 'sent'
        ? [{ kind: 'PROGRESS', status: 'SENT', ...word }]
        : [{ kind: 'END', status: 'VOIDED', reason: null, ...word }];
  const observation = { source: 'READ' as const, sawEnd, envelope, recipients: [], details: [] };
  return { providerId, envelopeId: correlation.envelopeId, observation, incomplete: false };
}
