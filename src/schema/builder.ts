/**
 * The schema builder: its plugins, scalars and who may do what.
 * @module
 */
import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import ScopeAuthPlugin, { type AuthFailure, AuthScopeFailureType } from '@pothos/plugin-scope-auth';
import { GraphQLError } from 'graphql';
import { Forbidden, isScope, permits, type Principal, type Scope } from '../auth/principal.ts';
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
    authScopes: ({ principal }) => ({ scope: (scope: Scope) => principal !== null && permits(principal, scope) }),
    unauthorizedError: (_parent, { principal }, _info, { failure }) =>
      principal === null ? unauthenticated() : new Forbidden(principal, scopeOf(failure)),
  },
});

/** The scope that a field asks for. */
function scopeOf(failure: AuthFailure): Scope {
  const { AuthScope, AnyAuthScopes, AllAuthScopes } = AuthScopeFailureType;
  if (failure.kind === AuthScope && isScope(failure.parameter)) return failure.parameter;
  const within = failure.kind === AnyAuthScopes || failure.kind === AllAuthScopes ? failure.failures : [];
  if (!within[0]) throw new TypeError('a field is refused for something else than a scope');
  return scopeOf(within[0]);
}

function unauthenticated(): GraphQLError {
  return new GraphQLError('A bearer token is required.', { extensions: { code: 'UNAUTHENTICATED' } });
}

/** Whoever passed an `authScopes` check is known. */
export function principalOf({ principal }: Context): Principal {
  if (principal === null) throw unauthenticated();
  return principal;
}
