/**
 * Answers of GraphQL, and a way into them that fails with the whole answer in the message.
 * @module
 */
import { systemWorld } from '../../src/world.ts';
import { z } from 'zod';

export const Answer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.looseObject({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
  extensions: z.record(z.string(), z.unknown()).optional(),
});
export type Answer = z.infer<typeof Answer>;

/** The value that `path`, such as `data.envelope.recipients.0.id`, leads to; undefined where it leads nowhere. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}

export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found === 'string') return found;
  throw new Error(`no text at ${path} of ${JSON.stringify(value)}`);
}

export function listAt(value: unknown, path: string): unknown[] {
  const found = at(value, path);
  if (Array.isArray(found)) return found;
  throw new Error(`no list at ${path} of ${JSON.stringify(value)}`);
}

/** Codes of the top-level errors. */
export function codesOf(answer: Answer): unknown[] {
  return (answer.errors ?? []).map(({ extensions }) => extensions?.['code']);
}

/** The first answer of `look` that isn't null, undefined or false; looks again until `ms` have passed. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { ms = 20_000, what = look.toString() }: { readonly ms?: number; readonly what?: string } = {},
): Promise<Exclude<T, null | undefined | false>> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (isThere(found)) return found;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await systemWorld().sleep(25);
  }
}

function isThere<T>(value: T): value is Exclude<T, null | undefined | false> {
  return value !== null && value !== undefined && value !== false;
}
