/**
 * An account at a DocuSign that is a script, and an envelope to send from it.
 * @module
 */
import { generateKeyPairSync } from 'node:crypto';
import type { ContentRecipient, EnvelopeContent } from '../../../src/model/envelope.ts';
import { docusign } from '../../../src/providers/docusign/index.ts';
import type { OpenInput, ProviderClient } from '../../../src/providers/provider.ts';
import { answer, type Asked, type ScriptedWorld, scriptedWorld } from '../scripted-world.ts';

export const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const PEM = KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
export const ACCOUNT = '7b2f3a90-2f0e-4a1c-8c58-6f9f2c1c0d21';
export const ENVELOPE = '0f6a2c1e-8d1b-4b1f-a9f0-2b6d4a7c1e55';
export const OUR_ID = 'env_01890000-0000-7000-8000-000000000001';
export const COMMAND = '01890000-0000-7000-8000-0000000000aa';
export const TOKEN = 'eyJhbGciOiJub25lIn0.secret-token-of-the-test.c2ln';

export const CREDENTIALS = {
  integrationKey: '11111111-1111-4111-8111-111111111111',
  userId: '5d1f0f6c-4d5b-4c1e-9a55-0a7a5a1f3b10',
  privateKey: PEM,
  oauthUrl: 'http://oauth.example:8443',
  hmacKeys: ['sandbox-hmac-key-1'],
};

export const OPEN: OpenInput = {
  environment: 'SANDBOX',
  providerAccountId: ACCOUNT,
  baseUri: 'http://rest.example',
  credentials: CREDENTIALS,
  webhookUrl: 'https://hooks.example/webhooks/docusign/k',
};

export type Answer = ReturnType<typeof answer>;
export type Rest = (asked: Asked, world: ScriptedWorld) => Answer | Promise<Answer>;

/** Answers the token request and hands the rest on. */
export function withToken(rest: Rest, tokenAnswer: () => Answer = goodToken): ScriptedWorld {
  return scriptedWorld((asked, world) => (asked.url.endsWith('/oauth/token') ? tokenAnswer() : rest(asked, world)));
}

export function goodToken(): Answer {
  return answer(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 });
}

export function clientOf(rest: Rest, open: Partial<OpenInput> = {}): { client: ProviderClient; world: ScriptedWorld } {
  const world = withToken(rest);
  return { client: docusign.open({ ...OPEN, ...open }, world), world };
}

export function restCalls(world: ScriptedWorld): Asked[] {
  return world.asked.filter(({ url }) => url.includes('/restapi/'));
}

export function refusal(status: number, errorCode: string, message = 'no', headers = {}): Answer {
  return answer(status, { errorCode, message }, { 'x-docusign-tracetoken': 'trace-1', ...headers });
}

export function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

const SIGNER: ContentRecipient = {
  ref: '1',
  role: 'SIGNER',
  name: 'Bo Tenant',
  email: 'bo@tenant.example',
  routingOrder: 1,
  embeddedId: null,
  fields: [],
};

export function contentOf(change: Partial<EnvelopeContent> = {}): EnvelopeContent {
  const bytes = Buffer.from('%PDF-1.7 lease');
  return {
    envelopeId: OUR_ID,
    subject: 'Lease 4711',
    message: 'Please sign by Friday.',
    expiresAt: null,
    options: {},
    documents: [
      {
        ref: '1',
        key: 'lease',
        name: 'lease.pdf',
        contentType: 'application/pdf',
        size: bytes.length,
        bytes: async () => bytes,
      },
    ],
    recipients: [
      SIGNER,
      { ...SIGNER, ref: '2', name: 'Cy Owner', email: 'cy@owner.example', routingOrder: 2, embeddedId: 'user-88' },
      { ...SIGNER, ref: '3', role: 'CARBON_COPY', name: 'Di Copy', email: 'di@copy.example', routingOrder: 3 },
    ],
    ...change,
  };
}
