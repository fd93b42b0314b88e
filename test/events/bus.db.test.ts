import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { createEventBus } from '../../src/events/bus.ts';
import { testDatabase } from '../kit/database.ts';
import { eventually, world } from './kit.ts';

describe('the event bus', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase();
  });

  it('wakes its own process at once, with the tenants', async () => {
    const bus = await createEventBus({ database, world });
    const heard: (readonly string[] | undefined)[] = [];
    bus.onHint((tenants) => heard.push(tenants));
    bus.hint(['a']);
    expect(heard).toEqual([['a']]);
    await bus.close();
  });

  it('wakes nobody who has stopped listening', async () => {
    const bus = await createEventBus({ database, world });
    let heard = 0;
    const stop = bus.onHint(() => (heard += 1));
    stop();
    bus.hint();
    expect(heard).toBe(0);
    await bus.close();
  });

  // PGlite is one process: there are no replicas.
  describe.skipIf(inject('database') === 'pglite')('between replicas', () => {
    it('wakes the others', async () => {
      const [one, other] = await Promise.all([
        createEventBus({ database, world }),
        createEventBus({ database, world }),
      ]);
      let heard = 0;
      other.onHint(() => (heard += 1));
      one.hint(['a']);
      await eventually(() => heard > 0);
      expect(heard).toBeGreaterThan(0);
      await Promise.all([one.close(), other.close()]);
    });

    it('sends one notification for what piles up while another is on its way', async () => {
      let notifications = 0;
      const counted: Database = {
        ...database,
        notify: (channel) => {
          notifications += 1;
          return database.notify(channel);
        },
      };
      const bus = await createEventBus({ database: counted, world });
      for (let n = 0; n < 1_000; n += 1) bus.hint();
      await bus.close();
      expect(notifications).toBe(2);
    });

    it('tells of a notification that fails, and goes on', async () => {
      const failures: unknown[] = [];
      const broken: Database = { ...database, notify: () => Promise.reject(new Error('no connection')) };
      const bus = await createEventBus({ database: broken, world, onError: (error) => failures.push(error) });
      let heard = 0;
      bus.onHint(() => (heard += 1));
      bus.hint();
      await eventually(() => failures.length === 1);
      bus.hint();
      await eventually(() => failures.length === 2);
      expect(heard).toBe(2);
      await bus.close();
    });

    it('is silent once it is closed', async () => {
      let notifications = 0;
      const counted: Database = {
        ...database,
        notify: async () => {
          notifications += 1;
        },
      };
      const bus = await createEventBus({ database: counted, world });
      await bus.close();
      bus.hint();
      expect(notifications).toBe(0);
    });
  });
});
