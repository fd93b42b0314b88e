import { Client } from 'pg';
import { describe, expect, it, vi } from 'vitest';
import { openPostgres } from '../../src/db/postgres/postgres.ts';
import { systemWorld } from '../../src/world.ts';
import { atEnd } from '../kit/at-end.ts';
import { freshPostgres } from '../kit/database.ts';
import { message, post, seedEnvelope, testAccount, testReceiver } from './kit.ts';

/** What a statement of a batch does first, by its text. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^BEGIN/, 'begin'],
  [/^SELECT set_config\('plan_cache_mode'/, 'plan'],
  [/^INSERT INTO dedupe_keys/, 'keys'],
  [/from "envelopes".* for update$/s, 'lock envelopes'],
  [/from "recipients"/, 'read recipients'],
  [/^INSERT INTO deliveries/, 'deliveries'],
  [/^WITH saved AS \(\s*UPDATE envelopes/, 'write envelopes'],
  [/INSERT INTO heads/, 'heads and events'],
  [/^COMMIT/, 'commit'],
];

function stepOf(asked: unknown): string[] {
  const query: unknown = typeof asked === 'object' && asked !== null && 'text' in asked ? asked.text : asked;
  const text = typeof query === 'string' ? query.trim() : '';
  const step = STEPS.find(([pattern]) => pattern.test(text))?.[1];
  return step ? [step] : [];
}

describe('the statements of a batch', () => {
  it('leave in the order in which everyone takes locks: keys, envelopes, heads last', async () => {
    const database = openPostgres({ url: await freshPostgres(), world: systemWorld() });
    atEnd(() => database.close());
    const account = testAccount();
    const { url } = await testReceiver(database, [account]);
    await seedEnvelope(database, account, 'p');
    const query = vi.spyOn(Client.prototype, 'query');
    try {
      expect((await post(url(account), message({ providerId: 'p' }))).status).toBe(200);
      const steps = query.mock.calls.flatMap(([asked]) => stepOf(asked));
      expect(steps).toEqual([
        'begin',
        'plan',
        'keys',
        'lock envelopes',
        'read recipients',
        'deliveries',
        'write envelopes',
        'heads and events',
        'commit',
      ]);
    } finally {
      query.mockRestore();
    }
  });
});
