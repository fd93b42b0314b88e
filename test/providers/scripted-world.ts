/**
 * A world whose network is a function and whose clock moves only when someone sleeps or a call hangs.
 * @module
 */
import { Response } from 'undici';
import type { World } from '../../src/world.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ScriptedWorld extends World {
  readonly asked: Asked[];
  readonly slept: number[];
  advance(ms: number): void;
}

export type Script = (asked: Asked, world: ScriptedWorld) => Response | Promise<Response>;

export const START = '2026-01-15T10:20:00.000Z';

export function scriptedWorld(script: Script): ScriptedWorld {
  let now = Date.parse(START);
  const timers = new Set<{ at: number; fire: () => void }>();
  const world: ScriptedWorld = {
    asked: [],
    slept: [],
    advance(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.fire();
      }
    },
    now: () => new Date(now),
    monotonic: () => now,
    timer(ms, fire) {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    async sleep(ms) {
      world.slept.push(ms);
      world.advance(ms);
    },
    random: () => 0.5,
    randomBytes: (size) => Buffer.alloc(size, 7),
    uuid: () => '01890000-0000-7000-8000-000000000000',
    async fetch(url, init) {
      const headers = Object.fromEntries(
        Object.entries(init?.headers ?? {}).map(([name, value]) => [name, String(value)]),
      );
      const asked = {
        method: init?.method ?? 'GET',
        url,
        headers,
        body: typeof init?.body === 'string' ? init.body : '',
      };
      world.asked.push(asked);
      init?.signal?.throwIfAborted();
      const answer = await script(asked, world);
      init?.signal?.throwIfAborted();
      return answer;
    },
  };
  return world;
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** As undici's fetch throws it: the system's error is the cause. */
export function networkError(code: string, syscall?: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code, syscall }) });
}
