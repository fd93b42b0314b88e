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

/**
 * In the order in which one window runs them: GraphiQL ends what a tab follows when another tab is opened, so what is
 * followed comes after what is sent. The README shows the first two as they are here.
 */
export function demoTabs(accountId: string, voidableId: string): Tab[] {
  return [
    { name: 'Send', query: sendMutation(accountId) },
    { name: 'Follow', query: FOLLOW, variables: FOLLOW_VARIABLES },
    { name: 'List', query: LIST },
    { name: 'Void', query: voidMutation(voidableId) },
    { name: 'Watch', query: WATCH },
  ];
}

function sendMutation(accountId: string): string {
  return `# Sends an envelope. Change the idempotencyKey to send another; the same key answers the same envelope again.
mutation Send {
  sendEnvelope(input: {
    idempotencyKey: "lease-4711"
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
    ... on SendEnvelopePayload { envelope { id status providerId logCursor } replayed }
    ... on InvalidInput { issues { path message suggestion } }
    ... on Problem { code message fix help }
  }
}
`;
}

const EVENTS = `    cursor
    event {
      sequence
      type
      status
      source
      recipient { name status }
      envelope { id subject }
    }`;

const FOLLOW = `# Every change after the place in the log that Send answered.
subscription Follow($logCursor: String!) {
  events(after: $logCursor) {
${EVENTS}
  }
}
`;

/** The line of the answer takes the place of the line here, as it is. */
const FOLLOW_VARIABLES = `{
  "logCursor": "the line of Send's answer goes here"
}
`;

const WATCH = `# For a second window: every change from now on. Leave it running, and run Send in the first one.
subscription Watch {
  events {
${EVENTS}
  }
}
`;

const LIST = `# What the cache has, the newest first, and how fresh it is.
query List {
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
  return `# Cancels an older lease that nobody has signed.
mutation Void {
  voidEnvelope(input: { id: "${id}", reason: "Superseded by a newer lease" }) {
    __typename
    ... on VoidEnvelopePayload { envelope { id status } command { state explanation } }
    ... on Problem { code message fix help }
  }
}
`;
}
