/**
 * Who is asking.
 * @module
 */
import type { Principal } from '../auth/principal.ts';
import { publicId } from '../model/ids.ts';
import { builder } from './builder.ts';

const ViewerType = builder.objectRef<Principal>('Viewer').implement({
  description: 'Whoever the bearer token stands for.',
  fields: (t) => ({
    tenant: t.id({ description: 'The tenant whose rows it sees.', resolve: ({ tenantId }) => tenantId }),
    subject: t.string({ description: '`sub` of the token.', resolve: ({ subject }) => subject }),
    scopes: t.stringList({ description: 'What it may do.', resolve: ({ scopes }) => [...scopes] }),
    envelopes: t.idList({
      nullable: true,
      description: 'The only envelopes it may read and follow; null when it is not narrowed.',
      resolve: ({ envelopes }) => envelopes && [...envelopes].map((id) => publicId('Envelope', id)),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the token ends.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    description: 'Whoever is asking; null without a token.',
    resolve: (_root, _args, { principal }) => principal,
  }),
);
