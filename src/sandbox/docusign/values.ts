/**
 * The platform answers every scalar as text and takes text, numbers and booleans alike.
 * @module
 */
import * as z from 'zod';

/** Text, or a number or boolean meant as text. */
export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** Absent and null are one. */
export const optionalText = text.nullish().transform((value) => value ?? undefined);

export const flag = text
  .nullish()
  .transform((value) => (value === undefined || value === null ? undefined : isTrue(value)));

export function isTrue(value: string | null | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

/** Every scalar of a JSON value as text; null members are left out. */
export function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== null && member !== undefined)
        .map(([name, member]) => [name, asText(member)]),
    );
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As the platform writes times in envelopes: trailing zeros of the fraction cut, one digit at least. */
export function dateTime(at: number): string;
export function dateTime(at: number | undefined): string | undefined;
export function dateTime(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString().replace(/0{1,2}Z$/, 'Z');
}

/** Seven digits, as in `statusDateTime` and Connect's `generatedDateTime`. */
export function longDateTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '0000Z');
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(value: string): boolean {
  return GUID.test(value);
}

/** Comma list of a query parameter or undefined; empty members are dropped. */
export function commaList(value: string | null | undefined): string[] | undefined {
  if (value === null || value === undefined) return undefined;
  return value
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

export const DAY = 86_400_000;
