/** What is asked: the same rows, as an operation or as a path. */
import { ENVELOPE_ID_PREFIX } from '../ingest/message.ts';

export type Shape = 'one' | 'page';

const FIELDS = 'id subject status recipients { name email status }';
const ONE = `query Envelope($id: ID!) { envelope(id: $id) { ${FIELDS} } }`;
const PAGE = `query Envelopes { envelopes(first: 50) { nodes { ${FIELDS} } } }`;
/** Different envelopes that are asked for. */
const IDS = 2_000;

export function bodyOf(shape: Shape, n: number): string {
  const id = `env_${ENVELOPE_ID_PREFIX}${n.toString(16).padStart(12, '0')}`;
  return shape === 'one' ? JSON.stringify({ query: ONE, variables: { id } }) : JSON.stringify({ query: PAGE });
}

/** Whole HTTP requests. */
export function requestsOf(variant: 'graphql' | 'rest', shape: Shape, token: string): Buffer[] {
  return Array.from({ length: shape === 'one' ? IDS : 8 }, (_unused, n) => {
    if (variant === 'rest') {
      const id = `env_${ENVELOPE_ID_PREFIX}${n.toString(16).padStart(12, '0')}`;
      return Buffer.from(`GET /${shape === 'one' ? `?id=${id}` : ''} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    }
    const body = bodyOf(shape, n);
    return Buffer.from(
      [
        'POST /graphql HTTP/1.1',
        'Host: 127.0.0.1',
        'Content-Type: application/json',
        'Accept: application/json',
        `Authorization: Bearer ${token}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  });
}
