/**
 * Scalars of our own.
 * @module
 */
import { GraphQLError } from 'graphql';
import { dateOf, parseInstant } from '../model/time.ts';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description: 'A time as RFC 3339 text, answered in UTC with milliseconds: `2026-01-15T10:30:00.407Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const instant = typeof value === 'string' ? parseInstant(value) : null;
    // Databases have no year 0.
    if (instant === null || instant.startsWith('0000'))
      throw new GraphQLError('A DateTime is RFC 3339 text with a zone, such as "2026-01-15T10:30:00Z".');
    return dateOf(instant);
  },
});

builder.scalarType('Sequence', {
  description: "A place in a tenant's log: a whole number as decimal text, since `Int` ends at 2^31.",
  serialize: (value) => String(value),
  parseValue: (value) => {
    if (typeof value !== 'string' || !/^\d{1,19}$/.test(value))
      throw new GraphQLError('A Sequence is a whole number as decimal text.');
    return BigInt(value);
  },
});

builder.scalarType('URL', {
  description: 'An absolute address.',
  serialize: (value) => String(value),
  parseValue: (value) => {
    if (typeof value !== 'string' || !URL.canParse(value))
      throw new GraphQLError('A URL is an absolute address, such as "https://example.com/back".');
    return value;
  },
});
