/**
 * Statements that come again are prepared: the database parses them once per connection. Their text is their name.
 * @module
 */
import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { joinWrites } from './joined-writes.ts';

/** A statement is prepared from this time on: one whose text depends on how many values it has may never come again. */
const FROM_TIME = 3;
/** Statements counted and prepared; a connection holds the plans of those that are prepared. */
const MOST = 500;

const seen = new Map<string, { times: number; readonly name: string }>();

/** The client as drizzle is to use it: the same, but for `query`, which is refused while `isEnding`. */
export function preparing(client: PoolClient, isEnding: () => boolean): PoolClient {
  return new Proxy(client, {
    get(target, property) {
      if (property !== 'query') return Reflect.get(target, property, target);
      return (config: unknown, values: unknown) => {
        if (isEnding()) return Promise.reject(new Error('a statement was asked for after the last of its transaction'));
        joinWrites(client);
        return Reflect.apply(target.query, target, [named(config), values]);
      };
    },
  });
}

function named(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || !('text' in config) || typeof config.text !== 'string')
    return config;
  return { ...config, name: nameOf(config.text) };
}

/** Undefined for one that isn't prepared. */
function nameOf(text: string): string | undefined {
  const held = seen.get(text);
  if (held) {
    held.times += 1;
    return held.times >= FROM_TIME ? held.name : undefined;
  }
  if (seen.size < MOST)
    seen.set(text, { times: 1, name: `cs_${createHash('sha256').update(text).digest('hex').slice(0, 24)}` });
  return undefined;
}
