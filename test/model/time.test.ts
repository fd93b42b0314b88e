import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEGINNING, dateFrom, dateOf, instantOf, parseInstant } from '../../src/model/time.ts';

const date = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T00:00:00Z'),
  noInvalidDate: true,
});
const pad = (n: number): string => String(n).padStart(2, '0');

/** The same moment as a clock at this offset of minutes shows it. */
function written(moment: Date, minutes: number, fraction: string): string {
  const local = new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, 19);
  const size = Math.abs(minutes);
  return `${local}${fraction && `.${fraction}`}${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** Nanoseconds. */
const exact = ({ moment: at, digits }: { moment: Date; digits: string }): bigint =>
  BigInt(Math.floor(at.getTime() / 1_000)) * 10n ** 9n + BigInt(digits.padEnd(9, '0'));

const fraction = fc.stringMatching(/^\d{0,7}$/);
const offset = fc.integer({ min: -12 * 60, max: 14 * 60 });

describe('an instant', () => {
  it('is the same from whatever zone it is written', () => {
    fc.assert(
      fc.property(date, offset, offset, fraction, (moment, one, other, digits) => {
        expect(parseInstant(written(moment, one, digits))).toBe(parseInstant(written(moment, other, digits)));
      }),
    );
  });

  it('is text whose order is the order of time, down to the last digit', () => {
    const moment = fc.record({ moment: date, digits: fraction, minutes: offset });
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        const [first, second] = [a, b].map((one) => parseInstant(written(one.moment, one.minutes, one.digits)));
        if (!first || !second) throw new Error('not an instant');
        expect([first < second, first === second]).toEqual([exact(a) < exact(b), exact(a) === exact(b)]);
      }),
    );
  });

  it('always has the same width', () => {
    fc.assert(
      fc.property(date, offset, fraction, (moment, minutes, digits) => {
        expect(parseInstant(written(moment, minutes, digits))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      }),
    );
  });

  it('comes back from a Date as it went, to the millisecond', () => {
    fc.assert(
      fc.property(date, (moment) => {
        expect(dateOf(instantOf(moment))).toEqual(moment);
      }),
    );
  });

  it('is one and the same through a Date or through text', () => {
    fc.assert(
      fc.property(date, (moment) => {
        expect(parseInstant(moment.toISOString())).toBe(instantOf(moment));
      }),
    );
  });

  it('is later than the beginning', () => {
    fc.assert(
      fc.property(date, (moment) => {
        expect(instantOf(moment) > BEGINNING).toBe(true);
      }),
    );
  });

  it.each([
    ['seven digits of DocuSign', '2026-03-01T09:00:00.1234567Z', '2026-03-01T09:00:00.123456700Z'],
    ['no fraction', '2026-03-01T09:00:00Z', '2026-03-01T09:00:00.000000000Z'],
    ['an offset without a colon', '2026-03-01T09:00:00-0800', '2026-03-01T17:00:00.000000000Z'],
    ['lower case', '2026-03-01t09:00:00z', '2026-03-01T09:00:00.000000000Z'],
    ['spaces around it', ' 2026-03-01T09:00:00Z\n', '2026-03-01T09:00:00.000000000Z'],
    ['the leap day', '2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000000000Z'],
  ])('is read with %s', (_, text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  it.each([
    ['has no zone, so it can’t be ordered', '2026-03-01T09:00:00'],
    ['has no time', '2026-03-01'],
    ['is empty', ''],
    ['is a number', '1772355600'],
    ['has a month too many', '2026-13-01T09:00:00Z'],
    ['is no day of the calendar', '2026-02-30T09:00:00Z'],
    ['is the leap day of a common year', '2026-02-29T09:00:00Z'],
    ['is the 24th hour', '2026-03-01T24:00:00Z'],
    ['is a leap second', '2026-12-31T23:59:60Z'],
    ['has an impossible offset', '2026-03-01T09:00:00+99:99'],
    ['is in the year 10000 by UTC', '9999-12-31T23:59:59-01:00'],
    ['is before the year 0 by UTC', '0000-01-01T00:00:00+01:00'],
  ])('is null when the text %s', (_, text) => {
    expect(parseInstant(text)).toBeNull();
  });
});

describe('a date of our own making', () => {
  it('is refused loudly when it is none', () => {
    expect(() => dateFrom('yesterday')).toThrow('not a time: yesterday');
  });
});
