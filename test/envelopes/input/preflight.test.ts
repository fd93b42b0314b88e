import { expect, test } from 'vitest';
import type { Inspection } from '../../../src/documents/inspection.ts';
import type { EnvelopeInput } from '../../../src/envelopes/input/input.ts';
import { Issues } from '../../../src/envelopes/input/issues.ts';
import { preflight } from '../../../src/envelopes/input/preflight.ts';
import { testDatabase } from '../../kit/database.ts';
import { manualWorld } from '../../kit/manual-world.ts';

const WHOLE: Inspection = { kind: 'READ', pageCount: 1, pages: [], texts: [], decoded: true };

test('the PDFs of an envelope share twenty seconds: those whose turn comes later are not read, and warned of', async () => {
  const world = manualWorld();
  const database = await testDatabase();
  const names = ['first', 'second', 'third'];
  const read: string[] = [];
  const inspector = {
    inspect: async ({ bytes }: { readonly bytes: Uint8Array }) => {
      read.push(Buffer.from(bytes).toString());
      world.advance(10_001);
      return WHOLE;
    },
    close: async () => undefined,
  };
  const input: EnvelopeInput = {
    accountId: 'acc_1',
    subject: 'Lease',
    message: null,
    externalId: null,
    metadata: [],
    expiresAt: null,
    docusign: null,
    documents: names.map((key) => ({ key, filename: `${key}.pdf`, source: { base64: '' } })),
    recipients: [],
  };
  const documents = names.map((key) => {
    const bytes = Buffer.from(key);
    return { key, filename: `${key}.pdf`, size: bytes.length, sha256: '', content: { bytes } };
  });
  const issues = new Issues();
  const told = await preflight({ database, world, inspector }, 'a tenant', input, documents, issues);
  expect(read).toEqual(['first', 'second']);
  expect(told.documents.map(({ pageCount }) => pageCount)).toEqual([1, 1, null]);
  expect(told.warnings).toEqual([
    {
      code: 'FILE_NOT_READ',
      path: ['documents', '2', 'source'],
      message: 'Reading this PDF took too long, so the places of its fields were not checked.',
    },
  ]);
  expect(issues.list).toEqual([]);
});
