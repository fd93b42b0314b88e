import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ID_PREFIXES, type IdKind, isUuid, parseId, publicId, uuidOf } from '../../src/model/ids.ts';

const kind = fc.constantFrom<IdKind>(
  'Envelope',
  'Account',
  'Document',
  'Recipient',
  'Field',
  'Command',
  'EnvelopeEvent',
  'WebhookDelivery',
);

describe('a public id', () => {
  it('names its kind and row', () => {
    fc.assert(
      fc.property(kind, fc.uuid(), (of, uuid) => {
        expect(parseId(publicId(of, uuid))).toEqual({ kind: of, uuid });
        expect(uuidOf(of, publicId(of, uuid))).toBe(uuid);
      }),
    );
  });

  it('of another kind is as unknown as none', () => {
    fc.assert(
      fc.property(kind, kind, fc.uuid(), (one, other, uuid) => {
        fc.pre(one !== other);
        expect(uuidOf(one, publicId(other, uuid))).toBeNull();
      }),
    );
  });

  it('has a prefix that no other kind has', () => {
    const prefixes = Object.values(ID_PREFIXES);
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('is null when it is garbage', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseId(text)).toBeNull();
      }),
    );
  });

  it.each([
    ['an unknown prefix', 'xyz_0190b6a0-0000-7000-8000-000000000000'],
    ['a bare UUID', '0190b6a0-0000-7000-8000-000000000000'],
    ['capitals', 'env_0190B6A0-0000-7000-8000-000000000000'],
    ['something before it', ' env_0190b6a0-0000-7000-8000-000000000000'],
    ['something after it', 'env_0190b6a0-0000-7000-8000-000000000000\n'],
    ['a name that every object has', 'constructor_0190b6a0-0000-7000-8000-000000000000'],
  ])('is null with %s', (_, id) => {
    expect(parseId(id)).toBeNull();
  });
});

describe('a UUID', () => {
  it('is told from other text, in either case', () => {
    fc.assert(fc.property(fc.uuid(), (uuid) => isUuid(uuid) && isUuid(uuid.toUpperCase())));
    expect(isUuid('0190b6a0-0000-7000-8000-00000000000')).toBe(false);
    expect(isUuid("0190b6a0-0000-7000-8000-000000000000'")).toBe(false);
  });
});
