/**
 * A refusal as it is kept on envelopes and commands.
 * @module
 */
import type { Failure } from '../model/envelope.ts';
import { dateOf } from '../model/time.ts';
import { builder } from './builder.ts';
import { ProblemCodeEnum } from './enums.ts';

export const FailureType = builder.objectRef<Failure>('Failure').implement({
  description: 'How the last attempt at something failed.',
  fields: (t) => ({
    code: t.field({ type: ProblemCodeEnum, description: 'The kind of failure.', resolve: ({ code }) => code }),
    message: t.string({ description: 'What happened, for people.', resolve: ({ message }) => message }),
    fix: t.string({
      nullable: true,
      description: 'What to do about it, where that can be said.',
      resolve: ({ fix }) => fix ?? null,
    }),
    providerCode: t.string({
      nullable: true,
      description: "The provider's error code.",
      resolve: ({ providerCode }) => providerCode,
    }),
    providerMessage: t.string({
      description: "The provider's message.",
      resolve: ({ providerMessage }) => providerMessage,
    }),
    providerStatus: t.int({
      nullable: true,
      description: 'HTTP status of its answer.',
      resolve: ({ providerStatus }) => providerStatus,
    }),
    traceId: t.string({
      nullable: true,
      description: "The provider's id of the call.",
      resolve: ({ traceId }) => traceId,
    }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ at }) => dateOf(at) }),
  }),
});
