import { GraphQLError } from 'graphql';
import { describe, expect, test } from 'vitest';
import { toPublicError } from '../../../src/http/graphql/errors.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

const logger = createLogger({ level: 'silent' });
const told = (message: string): string =>
  toPublicError(new GraphQLError(message), 'req_1', 'BAD_USER_INPUT', logger).message;

describe('the message of an error', () => {
  test('leaves out what would tell the schema', () => {
    expect(told('Cannot query field "nam" on type "Account". Did you mean "name" or "node"?')).toBe(
      'Cannot query field "nam" on type "Account".',
    );
  });

  // Each would take hours with a pattern whose time grows with the square of the text.
  test.each([' ', '\n', ' Did you mean ', '?'])(
    'is read in one go, whatever value of the caller it repeats: %j',
    (piece) => {
      const message = `Int cannot represent non-integer value: "${piece.repeat(150_000)}"`;
      expect(told(message)).toBe(message);
    },
  );
});
