/**
 * The problems of mutations: an interface, and one type for each kind of refusal.
 * @module
 */
import {
  InvalidInput,
  KeyReused,
  LimitReached,
  NoPublicUrl,
  NotEmbedded,
  NotFound,
  NotReady,
  NotSupported,
  NotTheirTurn,
  type Problem,
  ProviderRefused,
  ProviderUnavailable,
  RecipientFinished,
  TooEarly,
  WrongState,
} from '../model/problems.ts';
import { builder } from './builder.ts';
import { EnvelopeStatusEnum, IssueCodeEnum, ProblemCodeEnum, RecipientStatusEnum } from './enums.ts';
import { EnvelopeRef } from './refs.ts';

const ProblemInterface = builder.interfaceRef<Problem>('Problem').implement({
  description: 'Why a mutation was refused. Select `__typename` and `... on Problem`: there may be more kinds later.',
  fields: (t) => ({
    code: t.field({
      type: ProblemCodeEnum,
      description: 'Stable; each has a section in the documentation.',
      resolve: ({ code }) => code,
    }),
    message: t.string({ description: 'What happened, for people.', resolve: ({ message }) => message }),
    help: t.field({
      type: 'URL',
      description: 'Where the code is explained.',
      resolve: ({ code }, _args, { services }) => `${services.publicUrl}/errors/${code}`,
    }),
    fix: t.string({
      nullable: true,
      description: 'What to do about it, where that can be said.',
      resolve: ({ fix }) => fix,
    }),
    retryable: t.boolean({
      description: 'True when the same key and input may be sent again.',
      resolve: ({ retryable }) => retryable,
    }),
    retryAfter: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Not before.',
      resolve: ({ retryAfter }) => retryAfter,
    }),
    requestId: t.string({
      description: 'This request in the logs.',
      resolve: (_problem, _args, { requestId }) => requestId,
    }),
  }),
});

const InputIssueType = builder.objectRef<InvalidInput['issues'][number]>('InputIssue').implement({
  description: 'One fault of an input.',
  fields: (t) => ({
    code: t.field({ type: IssueCodeEnum, description: 'What is wrong.', resolve: ({ code }) => code }),
    message: t.string({ description: 'What is wrong, for people.', resolve: ({ message }) => message }),
    path: t.stringList({
      description: 'Leads from `input` to the value; indexes count from 0.',
      resolve: ({ path }) => [...path],
    }),
    suggestion: t.string({
      nullable: true,
      description: 'What may have been meant, or what to do instead.',
      resolve: ({ suggestion }) => suggestion,
    }),
  }),
});

builder.objectType(InvalidInput, {
  name: 'InvalidInput',
  description: 'The input has faults.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      description: 'All faults, not the first.',
      resolve: ({ issues }) => [...issues],
    }),
  }),
});

builder.objectType(ProviderRefused, {
  name: 'ProviderRefused',
  description: 'The provider refused; its own words are kept for its support.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    providerCode: t.string({
      nullable: true,
      description: "The provider's error code.",
      resolve: ({ fault }) => fault.providerCode,
    }),
    providerMessage: t.string({
      description: "The provider's message.",
      resolve: ({ fault }) => fault.providerMessage,
    }),
    providerStatus: t.int({
      nullable: true,
      description: 'HTTP status of its answer.',
      resolve: ({ fault }) => fault.providerStatus,
    }),
    traceId: t.string({
      nullable: true,
      description: "The provider's id of the call.",
      resolve: ({ fault }) => fault.traceId,
    }),
    envelope: t.field({
      type: EnvelopeRef,
      nullable: true,
      description: 'The envelope as the refusal left it; null where there is none.',
      resolve: ({ envelope }, _args, { loaders }) => (envelope === null ? null : loaders.envelope.load(envelope)),
    }),
  }),
});

builder.objectType(ProviderUnavailable, {
  name: 'ProviderUnavailable',
  description:
    'The provider gave no usable answer, and nothing was changed. The code is RATE_LIMITED when a rate limit is the reason: `retryAfter` is when it ends.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    providerCode: t.string({
      nullable: true,
      description: "The provider's error code, if it gave one.",
      resolve: ({ fault }) => fault.providerCode,
    }),
    providerStatus: t.int({
      nullable: true,
      description: 'HTTP status, if it answered.',
      resolve: ({ fault }) => fault.providerStatus,
    }),
    traceId: t.string({
      nullable: true,
      description: "The provider's id of the call.",
      resolve: ({ fault }) => fault.traceId,
    }),
  }),
});

builder.objectType(TooEarly, {
  name: 'TooEarly',
  description: 'It may be asked again later.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    nextAllowedAt: t.field({
      type: 'DateTime',
      description: 'Not before.',
      resolve: ({ nextAllowedAt }) => nextAllowedAt,
    }),
  }),
});

builder.objectType(NotSupported, {
  name: 'NotSupported',
  description: 'This provider or account can not do it.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    capability: t.string({ description: 'What is lacking.', resolve: ({ capability }) => capability }),
  }),
});

builder.objectType(WrongState, {
  name: 'WrongState',
  description: "The envelope's state does not allow it.",
  interfaces: [ProblemInterface],
  fields: (t) => ({
    status: t.field({ type: EnvelopeStatusEnum, description: 'The state it is in.', resolve: ({ status }) => status }),
  }),
});

builder.objectType(RecipientFinished, {
  name: 'RecipientFinished',
  description: 'The recipient has done their part.',
  interfaces: [ProblemInterface],
  fields: (t) => ({
    recipientStatus: t.field({
      type: RecipientStatusEnum,
      description: 'Where they stand.',
      resolve: ({ recipientStatus }) => recipientStatus,
    }),
  }),
});

builder.objectType(NotFound, {
  name: 'NotFound',
  description: 'There is no such thing for this tenant.',
  interfaces: [ProblemInterface],
});
builder.objectType(KeyReused, {
  name: 'KeyReused',
  description: 'The idempotency key was used with another input.',
  interfaces: [ProblemInterface],
});
builder.objectType(LimitReached, {
  name: 'LimitReached',
  description: 'A limit of this gateway was reached.',
  interfaces: [ProblemInterface],
});
builder.objectType(NotTheirTurn, {
  name: 'NotTheirTurn',
  description: 'Other recipients come first.',
  interfaces: [ProblemInterface],
});
builder.objectType(NotReady, {
  name: 'NotReady',
  description: 'The envelope is still being sent.',
  interfaces: [ProblemInterface],
});
builder.objectType(NoPublicUrl, {
  name: 'NoPublicUrl',
  description: 'This gateway has no public https address for the provider to call.',
  interfaces: [ProblemInterface],
});
builder.objectType(NotEmbedded, {
  name: 'NotEmbedded',
  description: 'The provider mails this recipient a link.',
  interfaces: [ProblemInterface],
});
