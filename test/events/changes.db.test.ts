import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { events } from '../../src/db/tables/log.ts';
import { testDatabase } from '../kit/database.ts';
import { append, newEvent, next, take, upTo, world } from './kit.ts';
import { streamsOf } from './start-streams.ts';

const database = await testDatabase();
const start = streamsOf(database);

describe('the changes of one envelope', () => {
  it('are told at once, then after each change, and never for another envelope', async () => {
    const { streams, bus } = start();
    const tenantId = randomUUID();
    const envelopeId = randomUUID();
    const changes = streams.changes({ tenantId, envelopeId });
    await next(changes);
    let told = 0;
    const pull = next(changes).then(() => (told += 1));
    await append(database, newEvent(tenantId));
    bus.hint();
    await world.sleep(30);
    expect(told).toBe(0);
    await append(database, newEvent(tenantId, { envelopeId }));
    bus.hint();
    await pull;
    expect(told).toBe(1);
  });

  it('are told as one when they pile up', async () => {
    const { streams, bus } = start();
    const tenantId = randomUUID();
    const envelopeId = randomUUID();
    const witness = streams.follow({ tenantId });
    await next(witness);
    const changes = streams.changes({ tenantId, envelopeId });
    await next(changes);
    await append(database, ...upTo(250).map(() => newEvent(tenantId, { envelopeId })));
    bus.hint();
    await take(witness, 250);
    await next(changes);
    const more = next(changes);
    const first = await Promise.race([more.then(() => 'told again'), world.sleep(50).then(() => 'quiet')]);
    expect(first).toBe('quiet');
    await append(database, newEvent(tenantId, { envelopeId }));
    bus.hint();
    await more;
  });

  it('are never missed: the state read after a change holds all that was told before it', async () => {
    const { streams, bus } = start();
    const tenantId = randomUUID();
    const envelopeId = randomUUID();
    const count = async (): Promise<number> =>
      database.withTenants([tenantId], async (tx) => tx.$count(events, eq(events.envelopeId, envelopeId)));
    const changes = streams.changes({ tenantId, envelopeId });
    const writing = (async () => {
      for (let n = 0; n < 60; n += 1) {
        await append(database, newEvent(tenantId, { envelopeId }), newEvent(tenantId));
        bus.hint();
      }
    })();
    let state = 0;
    while (state < 60) {
      await next(changes);
      state = await count();
    }
    await writing;
    expect(state).toBe(60);
  });

  it('end with the token', async () => {
    const { streams } = start();
    const changes = streams.changes({
      tenantId: randomUUID(),
      envelopeId: randomUUID(),
      until: new Date(Date.now() + 60),
    });
    await next(changes);
    await expect(changes.next()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });
});
