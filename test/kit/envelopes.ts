/**
 * Envelopes to send: a whole input with one document and one signer, changed where a test needs it otherwise.
 * @module
 */
import { DEMO_PDF } from '../../src/cli/demo-document.ts';
import type { Answer } from './answer.ts';
import type { TestGateway } from './gateway.ts';

export const PDF = DEMO_PDF;

export type Input = Readonly<Record<string, unknown>>;

export function signer(changes: Input = {}): Input {
  return {
    key: 'tenant',
    name: 'Bo Tenant',
    email: 'bo@tenant.example',
    fields: [{ kind: 'SIGNATURE', place: { at: { document: 'lease', page: 1, x: 150, y: 240 } } }],
    ...changes,
  };
}

export function file(changes: Input = {}): Input {
  return { key: 'lease', filename: 'lease.pdf', source: { base64: PDF }, ...changes };
}

/** An EnvelopeInput; `documents` and `recipients` take the place of those it has. */
export function envelope(
  accountId: string,
  {
    documents = [file()],
    recipients = [signer()],
    ...changes
  }: Input & { documents?: Input[]; recipients?: Input[] } = {},
): Input {
  return { accountId, subject: 'Lease', content: { documents: { documents, recipients } }, ...changes };
}

export const PROBLEM = `__typename
    ... on Problem { code message help fix retryable retryAfter requestId }
    ... on InvalidInput { issues { code message path suggestion } }`;
// An alias, since `envelope` of the payload can't be null and this one can.
const REFUSED = `... on WrongState { status }
    ... on ProviderRefused { providerCode providerMessage providerStatus traceId envelope { id status failure { code providerCode traceId } } }`;

export const SEND = `mutation Send($input: SendEnvelopeInput!) {
  sendEnvelope(input: $input) {
    ${PROBLEM}
    ${REFUSED}
    ... on SendEnvelopePayload {
      replayed
      command { id state explanation attempts nextTryAt failure { code message } }
      envelope { id status providerId logCursor recipients { id key status } documents { id key } }
    }
  }
}`;

export const CREATE = `mutation Create($input: CreateEnvelopeInput!) {
  createEnvelope(input: $input) {
    ${PROBLEM}
    ... on CreateEnvelopePayload { envelope { id status recipients { id } documents { id } } }
  }
}`;

export const VOID = `mutation Void($input: VoidEnvelopeInput!) {
  voidEnvelope(input: $input) {
    ${PROBLEM}
    ${REFUSED}
    ... on VoidEnvelopePayload { envelope { id status } command { state } }
  }
}`;

let keys = 0;

/** Sends with a key of its own unless one is given. */
export function send(api: TestGateway, token: string, what: Input, more: Input = {}): Promise<Answer> {
  keys += 1;
  return api.gql(token, SEND, { input: { idempotencyKey: `key-${keys}`, what, ...more } });
}
