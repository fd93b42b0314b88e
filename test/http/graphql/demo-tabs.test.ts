import { expect, test } from 'vitest';
import { demoTabs } from '../../../src/cli/demo-tabs.ts';
import { createEngine } from '../../../src/http/graphql/engine.ts';
import { createOperations } from '../../../src/http/graphql/operation.ts';
import { schema } from '../../../src/schema/schema.ts';
import { systemWorld } from '../../../src/world.ts';

test.each(demoTabs('acc_1', 'env_1'))(
  'the documented operation "$name" fits the real schema and the limits',
  async ({ query }) => {
    const world = systemWorld();
    const logger = { warn: () => undefined, error: () => undefined };
    const engine = createEngine({ schema, context: (request) => request, introspection: false, world, logger });
    const principal = {
      tenantId: 't1',
      subject: 's',
      scopes: new Set<never>(),
      scopeClaims: ['scope'],
      envelopes: null,
      expiresAt: new Date(Date.now() + 60_000),
    };
    const operation = createOperations(world).open({ transport: 'sse', principal });
    const prepared = await engine.prepare(operation, { query });
    operation.close();
    expect(prepared).not.toHaveProperty('refused');
  },
);
