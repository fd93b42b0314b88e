/**
 * How an account stands.
 * @module
 */
import type { Check, Health } from '../accounts/health.ts';
import { builder } from './builder.ts';
import { HealthStateEnum } from './enums.ts';

const HealthCheckType = builder
  .objectRef<{ readonly check: Check; readonly checkedAt: Date }>('HealthCheck')
  .implement({
    description: 'One thing that was looked at.',
    fields: (t) => ({
      id: t.id({
        description:
          'Stable: `credentials`, `consent`, `clock`, `baseUri`, `webhook`, `budget`, `hmacKeys`, `delivery`, `connection`, `account`. May grow.',
        resolve: ({ check }) => check.id,
      }),
      name: t.string({ description: 'For people.', resolve: ({ check }) => check.name }),
      state: t.field({ type: HealthStateEnum, description: 'What it came to.', resolve: ({ check }) => check.state }),
      detail: t.string({ description: 'What was found, for people.', resolve: ({ check }) => check.detail }),
      fix: t.string({
        nullable: true,
        description: 'What to do about it, where that can be said. Missing consent: with the link that gives it.',
        resolve: ({ check }) => check.fix,
      }),
      checkedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ checkedAt }) => checkedAt }),
    }),
  });

export const AccountHealthType = builder.objectRef<Health>('AccountHealth').implement({
  description: 'How an account stands, at its provider and here.',
  fields: (t) => ({
    checks: t.field({
      type: [HealthCheckType],
      description: 'All that was looked at.',
      resolve: ({ checks, checkedAt }) => checks.map((check) => ({ check, checkedAt })),
    }),
  }),
});
