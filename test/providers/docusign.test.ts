import { z } from 'zod';
import { docusign } from '../../src/providers/docusign/index.ts';
import { control } from '../../src/sandbox/docusign/control.ts';
import { startDocusignSandbox } from '../../src/sandbox/docusign/index.ts';
import { describeConformance, type StandIn, type Trouble } from './contract.ts';

const ledger = z.object({
  entries: z.array(z.looseObject({ kind: z.string(), event: z.string().nullish(), route: z.string().nullish() })),
});

const ONE = 'GET /envelopes/{envelopeId}';
const CHANGE = 'PUT /envelopes/{envelopeId}';
const TROUBLES: Readonly<Record<Trouble, unknown>> = {
  CREATE_ANSWER_LOST: { route: 'POST /envelopes', kind: 'answer-lost' },
  RELEASE_ANSWER_LOST: { route: CHANGE, kind: 'answer-lost' },
  VOID_ANSWER_LOST: { route: CHANGE, kind: 'answer-lost' },
  READ_BROKEN: { route: ONE, kind: 'status', status: 503 },
  READ_LIMITED: {
    route: ONE,
    kind: 'status',
    status: 400,
    body: { errorCode: 'Burst_Envelope_Polling_Limit_Exceeded', message: 'Too often.' },
  },
  CORRECT_ANSWER_LOST: { route: 'PUT /envelopes/{envelopeId}/recipients', kind: 'answer-lost' },
  REMIND_ANSWER_LOST: { route: 'PUT /envelopes/{envelopeId}', kind: 'answer-lost' },
  TOKEN_REFUSED: { route: ONE, kind: 'expired-token' },
  WEBHOOK_REPEATED: { route: 'webhook', kind: 'duplicate' },
};

async function start(): Promise<StandIn> {
  const sandbox = await startDocusignSandbox({ seed: 4 });
  const { accountId, ...known } = sandbox.credentials;
  const credentials = { ...known, providerAccountId: accountId, oauthUrl: sandbox.url };
  const act = async (providerId: string, ref: string, action: string, body = {}): Promise<void> => {
    await control(sandbox.url, 'POST', `/envelopes/${providerId}/recipients/${ref}/${action}`, body);
  };
  return {
    input: { environment: 'SANDBOX', credentials },
    refused: {
      environment: 'SANDBOX',
      credentials: { ...credentials, userId: '99999999-9999-4999-8999-999999999999' },
    },
    secrets: [
      ...sandbox.credentials.privateKey.split('\n').filter((line) => !line.startsWith('-') && line !== ''),
      ...known.hmacKeys,
    ],
    sign: (providerId, ref) => act(providerId, ref, 'sign'),
    decline: (providerId, ref, reason) => act(providerId, ref, 'decline', { reason }),
    trouble: async (what) => {
      await control(sandbox.url, 'POST', '/faults', TROUBLES[what]);
    },
    async counts() {
      const { entries } = ledger.parse(await control(sandbox.url, 'GET', '/ledger'));
      const count = (kind: string, member: 'event' | 'route', values: string[]): number =>
        entries.filter((entry) => entry.kind === kind && values.includes(entry[member] ?? '')).length;
      return {
        envelopes: count('envelope', 'event', ['created']),
        tokens: count('token', 'event', ['granted']),
        reads: count('call', 'route', ['GET /envelopes', ONE]),
      };
    },
    stop: () => sandbox.close(),
  };
}

describeConformance({ provider: docusign, signsBodies: true, start });
