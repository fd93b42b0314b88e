/**
 * The faults of an input, as `validateEnvelope` answers them.
 * @module
 */
import { expect } from 'vitest';
import { at, listAt, textAt } from '../kit/answer.ts';
import { type Input, PROBLEM } from '../kit/envelopes.ts';
import type { TestTenant } from '../kit/tenant.ts';

export const VALIDATE = `mutation Validate($input: ValidateEnvelopeInput!) {
  validateEnvelope(input: $input) { ${PROBLEM} ... on ValidateEnvelopePayload { valid } }
}`;

export interface Issue {
  code: string;
  message: unknown;
  path: string;
  suggestion?: unknown;
}

/** The faults of an envelope, each with its path, a dot between its steps; none when it is valid. */
export async function issuesOf({ api, token }: Pick<TestTenant, 'api' | 'token'>, given: Input): Promise<Issue[]> {
  const answer = await api.gql(token, VALIDATE, { input: { envelope: given } });
  expect(answer.errors).toBeUndefined();
  if (at(answer, 'data.validateEnvelope.valid') === true) return [];
  expect(answer).toMatchObject({ data: { validateEnvelope: { __typename: 'InvalidInput', code: 'INVALID_INPUT' } } });
  return listAt(answer, 'data.validateEnvelope.issues').map((issue) => ({
    code: textAt(issue, 'code'),
    message: at(issue, 'message'),
    path: listAt(issue, 'path').join('.'),
    suggestion: at(issue, 'suggestion'),
  }));
}
