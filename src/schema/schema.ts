/**
 * The schema, whole: each file declares its types and root fields.
 * @module
 */
import { builder } from './builder.ts';
import './scalars.ts';
import './problems.ts';
import './envelope.ts';
import './parts.ts';
import './envelope-queries.ts';
import './envelope-mutations.ts';
import './upload-mutations.ts';
import './draft-mutations.ts';
import './recipient-mutations.ts';
import './signing-mutations.ts';
import './account.ts';
import './account-changes.ts';
import './provider-budget.ts';
import './event.ts';
import './delivery.ts';
import './viewer.ts';
import './node.ts';

builder.queryType({ description: 'Reading. What does not exist and what is another tenant’s is null, alike.' });
builder.mutationType({ description: 'Changing. Each answers a union of its payload and the problems it may have.' });
builder.subscriptionType({ description: 'Following.' });

export const schema = builder.toSchema();
