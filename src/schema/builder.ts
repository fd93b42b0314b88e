/**
 * The schema builder: its plugins, scalars and who may do what.
 * @module
 */
import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { GraphQLError } from 'graphql';
import type { Principal, Scope } from '../auth/principal.ts';
import type { Context } from './context.ts';

export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  AuthScopes: { scope: Scope };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Sequence: { Input: bigint; Output: bigint };
    URL: { Input: string; Output: string };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin],
  defaultFieldNullability: false,
  errors: { directResult: true, defaultTypes: [] },
  scopeAuth: {
    authScopes: ({ principal }) => ({ scope: (scope: Scope) => permits(principal, scope) }),
    unauthorizedError: (_parent, { principal }) =>
      principal === null
        ? new GraphQLError('A bearer token is required.', { extensions: { code: 'UNAUTHENTICATED' } })
        : new GraphQLError('The token lacks the scope for this.', { extensions: { code: 'FORBIDDEN' } }),
  },
});

/** A token narrowed to some envelopes reads and follows those, whatever scopes it lists. */
export function permits(principal: Principal | null, scope: Scope): boolean {
  if (principal === null) return false;
  return principal.scopes.has(scope) && (principal.envelopes === null || scope === 'envelopes:read');
}

/** Whoever passed an `authScopes` check is known. */
export function principalOf({ principal }: Context): Principal {
  if (principal === null)
    throw new GraphQLError('A bearer token is required.', { extensions: { code: 'UNAUTHENTICATED' } });
  return principal;
}
