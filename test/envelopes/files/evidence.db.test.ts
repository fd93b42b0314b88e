import { createHash, randomUUID } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Accounts } from '../../../src/accounts/accounts.ts';
import type { Database } from '../../../src/db/client.ts';
import { envelopes } from '../../../src/db/tables/envelopes.ts';
import { openEvidence } from '../../../src/envelopes/files/evidence.ts';
import { NotReady } from '../../../src/model/problems.ts';
import { initialState } from '../../../src/model/reduce.ts';
import { instantOf } from '../../../src/model/time.ts';
import type { EnvelopeStatus } from '../../../src/model/words.ts';
import { request, testAccounts } from '../../accounts/kit.ts';
import { testDatabase } from '../../kit/database.ts';
import type { FakeProvider } from '../../kit/fake-provider.ts';
import type { ManualWorld } from '../../kit/manual-world.ts';

let database: Database;
let accounts: Accounts;
let fake: FakeProvider;
let world: ManualWorld;
const tenantId = randomUUID();
let accountId = '';

beforeAll(async () => {
  database = await testDatabase();
  ({ accounts, fake, world } = testAccounts(database));
  ({ id: accountId } = await accounts.connect({ tenantId }, request()));
});

async function envelopeThatIs(status: EnvelopeStatus): Promise<string> {
  const id = randomUUID();
  const state = initialState(instantOf(world.now()));
  await database.withTenants([tenantId], (tx) =>
    tx
      .insert(envelopes)
      .values({ tenantId, id, accountId, provider: 'DOCUSIGN', providerId: id, status, subject: 'Lease', state }),
  );
  return id;
}

async function hashesOf(id: string): Promise<unknown> {
  const rows = await database.withTenants([tenantId], (tx) => tx.select().from(envelopes));
  return rows.find((row) => row.id === id)?.evidenceHashes;
}

/** From now on the provider has these pieces. */
function provided(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): void {
  fake.does.evidence = async () => ({
    contentType: 'application/pdf',
    size: null,
    body: ReadableStream.from(pieces),
  });
}

async function opened(id: string): Promise<ReadableStream<Uint8Array>> {
  return (await openEvidence({ database, accounts, world }, tenantId, id, 'certificate')).body;
}

async function bytesOf(body: ReadableStream<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

const FIRST = [Buffer.from('%PDF-'), Buffer.from('the first')];
const hashOf = (pieces: readonly Buffer[]): string => createHash('sha256').update(Buffer.concat(pieces)).digest('hex');

describe('evidence', () => {
  test.each<EnvelopeStatus>(['SENT', 'PARTIALLY_SIGNED', 'VOIDED'])(
    'of an envelope that is %s is not ready, and the provider is not asked',
    async (status) => {
      const id = await envelopeThatIs(status);
      const asked = fake.asked.length;
      const refused = await opened(id).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(NotReady);
      expect(refused).toMatchObject({ message: `There is no evidence of an envelope that is ${status}.` });
      expect(fake.asked).toHaveLength(asked);
    },
  );

  test('keeps the hash of the first whole download, whatever the provider hands out later', async () => {
    const id = await envelopeThatIs('COMPLETED');
    provided(FIRST);
    await bytesOf(await opened(id));
    provided([Buffer.from('%PDF-made anew')]);
    expect(String(await bytesOf(await opened(id)))).toBe('%PDF-made anew');
    expect(await hashesOf(id)).toEqual({ certificate: hashOf(FIRST) });
  });

  test('keeps the hash of the download that was whole first, when two are under way', async () => {
    const id = await envelopeThatIs('COMPLETED');
    provided([Buffer.from('%PDF-opened first')]);
    const slow = await opened(id);
    provided(FIRST);
    await bytesOf(await opened(id));
    await bytesOf(slow);
    expect(await hashesOf(id)).toEqual({ certificate: hashOf(FIRST) });
  });

  test('has no hash of a download that broke, and has one of the whole one after it', async () => {
    const id = await envelopeThatIs('COMPLETED');
    async function* breaks(): AsyncGenerator<Buffer> {
      yield* FIRST;
      throw new Error('the provider went away');
    }
    provided(breaks());
    await expect(bytesOf(await opened(id))).rejects.toThrow('the provider went away');
    expect(await hashesOf(id)).toEqual({});
    provided(FIRST);
    await bytesOf(await opened(id));
    expect(await hashesOf(id)).toEqual({ certificate: hashOf(FIRST) });
  });

  test('has no hash of a download that was left', async () => {
    const id = await envelopeThatIs('COMPLETED');
    provided([...FIRST, Buffer.from('more'), Buffer.from('and more')]);
    const reader = (await opened(id)).getReader();
    await reader.read();
    await reader.cancel();
    expect(await hashesOf(id)).toEqual({});
  });

  test('has its hash before its last bytes are handed on: who knows the length waits for no end', async () => {
    const id = await envelopeThatIs('COMPLETED');
    provided(FIRST);
    const reader = (await opened(id)).getReader();
    const pieces: Uint8Array[] = [];
    while (Buffer.concat(pieces).length < Buffer.concat(FIRST).length) {
      const { value } = await reader.read();
      pieces.push(value ?? Buffer.alloc(0));
    }
    expect(await hashesOf(id)).toEqual({ certificate: hashOf(FIRST) });
    await reader.cancel();
  });
});
