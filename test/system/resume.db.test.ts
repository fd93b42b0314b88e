/**
 * What a client sees of the log over real connections: whoever is cut off at any point and goes on by the last cursor
 * has seen each event exactly once, over WebSocket and over server-sent events alike.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { DEMO_PDF } from '../../src/cli/demo-document.ts';
import { publicId } from '../../src/model/ids.ts';
import { amount, newSeed, randomFrom } from '../events/kit.ts';
import { at } from '../kit/answer.ts';
import type { Follower } from '../kit/follow.ts';
import { startTestGateway, type TestGateway } from '../kit/gateway.ts';

const WRITERS = 8;
// PGlite works on this thread, one connection for all writers: a tenth there.
const EVENTS = inject('database') === 'pglite' ? amount(2_000, 40) : amount(20_000, 240);
const CUTS = amount(300, 20);

const EVENTS_SUBSCRIPTION = `subscription Follow($after: String, $filter: EventFilter) {
  events(after: $after, from: EARLIEST, filter: $filter) { cursor event { id sequence envelope { id } } }
}`;

const Seen = z.object({ id: z.string(), sequence: z.string() });
type Seen = z.infer<typeof Seen>;
const Message = z.object({ cursor: z.string(), event: Seen.nullable() });

/** Follows until all is written and nothing more comes, cutting the connection at random points. */
async function follow(
  open: (after: string | null) => Follower,
  random: () => number,
  written: Promise<unknown>,
): Promise<{ seen: Seen[]; cuts: number }> {
  const seen: Seen[] = [];
  const progress = { done: false };
  void written.then(() => (progress.done = true));
  const complete = (): boolean => progress.done && seen.length >= EVENTS;
  let after: string | null = null;
  let cuts = 0;
  while (!complete()) {
    const follower = open(after);
    const until = cuts < CUTS ? 1 + Math.floor((random() * EVENTS) / CUTS) : Infinity;
    let read = 0;
    let taken = 0;
    while (taken < until && !complete()) {
      if (follower.ended)
        throw new Error(`the stream ended by itself: ${JSON.stringify(follower.refused ?? follower.results.at(-1))}`);
      const result = follower.results[read];
      if (!result) {
        await sleep(2);
        continue;
      }
      read += 1;
      const { cursor, event } = Message.parse(at(result, 'data.events'));
      after = cursor;
      if (!event) continue;
      seen.push(event);
      taken += 1;
    }
    await follower.stop();
    cuts += 1;
  }
  return { seen, cuts };
}

describe('a client that is cut off again and again', () => {
  let test: TestGateway;
  beforeAll(async () => {
    test = await startTestGateway();
  });

  /** Drafts from eight writers at once, each its own transaction and event. Answers their envelopes' ids. */
  async function write(tenantId: string, accountId: string): Promise<string[]> {
    const made: string[] = [];
    const { envelopes } = test.gateway.services;
    const first = await envelopes.create(tenantId, {
      idempotencyKey: null,
      envelope: draft(accountId, { base64: DEMO_PDF }),
    });
    made.push(first.id);
    const [document] = await envelopes.documents(tenantId, [first.id]);
    const documentId = publicId('Document', document?.documentId ?? '');
    let left = EVENTS - 1;
    const writer = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const { id } = await envelopes.create(tenantId, {
          idempotencyKey: null,
          envelope: draft(accountId, { documentId }),
        });
        made.push(id);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
    return made;
  }

  it.each([
    ['WebSocket', 'ws', false],
    ['WebSocket with a filter', 'ws', true],
    ['server-sent events', 'sse', false],
    ['server-sent events with a filter', 'sse', true],
  ] as const)('misses nothing and repeats nothing over %s', async (_name, transport, filtered) => {
    const random = randomFrom(newSeed());
    const tenantId = randomUUID();
    const token = await test.token({ tenantId });
    const accountId = await test.connectSandboxAccount(tenantId);
    const filter = filtered ? { types: ['ENVELOPE_CREATED'], accountIds: [accountId] } : null;
    const open = (after: string | null) => test[transport](token, EVENTS_SUBSCRIPTION, { after, filter });
    const written = write(tenantId, accountId);
    const { seen, cuts } = await follow(open, random, written);
    const made = await written;
    expect(cuts).toBeGreaterThanOrEqual(CUTS);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(seen.map(({ sequence }) => Number(sequence))).toEqual(made.map((_id, index) => index + 1));
  });
});

function draft(accountId: string, source: { base64: string } | { documentId: string }) {
  return {
    accountId,
    subject: 'Followed',
    message: null,
    externalId: null,
    metadata: [],
    expiresAt: null,
    docusign: null,
    documents: [{ key: 'lease', filename: 'lease.pdf', source }],
    recipients: [
      {
        key: 'a',
        role: 'SIGNER' as const,
        name: 'Bo',
        email: 'bo@x.example',
        routingOrder: 1,
        embedded: false,
        fields: [],
      },
    ],
  };
}
