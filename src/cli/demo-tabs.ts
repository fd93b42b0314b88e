/**
 * GraphiQL's tabs: each runs as it stands on the demo's data.
 * @module
 */
import { DEMO_PDF } from './demo-document.ts';

export interface Tab {
  readonly name: string;
  readonly query: string;
  readonly variables?: string;
}

export function demoTabs(accountId: string, voidableId: string): Tab[] {
  return [
    { name: 'follow', query: FOLLOW },
    { name: 'send', query: sendMutation(accountId) },
    { name: 'list', query: LIST },
    { name: 'void', query: voidMutation(voidableId) },
  ];
}

const FOLLOW = `# Run this first and leave it running: every change of every envelope comes here, live.
subscription Follow {
  events(from: EARLIEST) {
    cursor
    event {
      sequence
      type
      status
      occurredAt
      source
      recipient { name status }
      envelope { id subject status }
    }
  }
}
`;

/** What the README's first mutation does, with a key of its own. */
export function sendMutation(accountId: string): string {
  return `# Sends an envelope. Change the idempotencyKey to send another; the same key answers the same envelope again.
mutation Send {
  sendEnvelope(input: {
    idempotencyKey: "my-first-envelope"
    what: { envelope: {
      accountId: "${accountId}"
      subject: "Lease of the house by the lake"
      content: { documents: {
        documents: [{ key: "lease", filename: "lease.pdf", source: { base64: "${DEMO_PDF}" } }]
        recipients: [{
          key: "tenant"
          name: "Bo Tenant"
          email: "bo@tenant.example"
          fields: [{ kind: SIGNATURE, place: { at: { document: "lease", page: 1, x: 150, y: 240 } } }]
        }]
      } }
    } }
  }) {
    __typename
    ... on SendEnvelopePayload { envelope { id status providerId } replayed }
    ... on InvalidInput { issues { path message suggestion } }
    ... on Problem { code message fix help }
  }
}
`;
}

const LIST = `query List {
  envelopes(first: 20) {
    nodes {
      id
      subject
      status
      providerId
      recipients { name status statusAt }
      sync { asOf source }
    }
    pageInfo { hasNextPage endCursor }
    logCursor
  }
}
`;

function voidMutation(id: string): string {
  return `mutation Void {
  voidEnvelope(input: { id: "${id}", reason: "Superseded by a newer lease" }) {
    __typename
    ... on VoidEnvelopePayload { envelope { id status } command { state explanation } }
    ... on Problem { code message fix help }
  }
}
`;
}
