import type { KeyObject } from 'node:crypto';
import { Response } from 'undici';
import { describe, expect, it } from 'vitest';
import type { AuthConfig } from '../../src/auth/auth-config.ts';
import { COOLDOWN_MS, FRESH_MS, STALE_MS } from '../../src/auth/jwks.ts';
import { createVerifier } from '../../src/auth/verify.ts';
import { manualWorld } from '../kit/manual-world.ts';
import { NOW, otherRsa, rsa, rsaConfig, rsaToken } from './forge.ts';

const URL_OF_KEYS = 'https://id.example/keys';
const config: AuthConfig = { ...rsaConfig, key: { kind: 'jwks', url: URL_OF_KEYS } };

type Published = Readonly<Record<string, KeyObject>>;

const LONG_LIVED = { exp: NOW + 30 * 86_400 };
const oldToken = `Bearer ${rsaToken({ kid: 'old' }, LONG_LIVED)}`;
const newToken = `Bearer ${rsaToken({ kid: 'new' }, LONG_LIVED, otherRsa.privateKey)}`;
const unknownToken = `Bearer ${rsaToken({ kid: 'unknown' }, LONG_LIVED)}`;
const OLD: Published = { old: rsa.publicKey };
const BOTH: Published = { ...OLD, new: otherRsa.publicKey };
const NEW: Published = { new: otherRsa.publicKey };

/** A verifier by a key set that the test publishes, breaks and counts the calls of. */
async function publishing(first: Published | null) {
  const source = { answer: first === null ? () => new Response('down', { status: 500 }) : () => keySet(first) };
  const asked: string[] = [];
  const world = manualWorld(async (url) => {
    asked.push(url);
    return source.answer();
  });
  const failures: unknown[] = [];
  const verifier = await createVerifier(config, world, (error) => failures.push(error));
  const accepts = async (token: string): Promise<boolean> =>
    verifier.verify(token).then(
      () => true,
      () => false,
    );
  return {
    world,
    asked,
    failures,
    accepts,
    verify: verifier.verify,
    publish: (keys: Published) => void (source.answer = () => keySet(keys)),
    answer: (answer: () => Response) => void (source.answer = answer),
  };
}

function keySet(keys: Published): Response {
  const jwks = Object.entries(keys).map(([kid, key]) => Object.assign(key.export({ format: 'jwk' }), { kid }));
  return Response.json({ keys: jwks });
}

/** Lets a background fetch end. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a key set', () => {
  it('is fetched once for many tokens, from the one address that is configured', async () => {
    const { asked, accepts } = await publishing(OLD);
    const results = await Promise.all(Array.from({ length: 50 }, () => accepts(oldToken)));
    expect(results.every(Boolean)).toBe(true);
    expect(asked).toEqual([URL_OF_KEYS]);
  });

  it('is fetched anew in the background when it is ten minutes old', async () => {
    const { world, asked, accepts } = await publishing(OLD);
    await accepts(oldToken);
    world.advance(FRESH_MS + 1);
    expect(await accepts(oldToken)).toBe(true);
    await settle();
    expect(asked).toHaveLength(2);
  });

  it('keeps accepting known keys for an hour of outage, at one call per pause', async () => {
    const { world, asked, accepts, answer } = await publishing(OLD);
    await accepts(oldToken);
    answer(() => new Response('down', { status: 500 }));
    for (let second = 0; second < 3_600; second += 10) {
      world.advance(10_000);
      expect(await accepts(oldToken)).toBe(true);
      await settle();
    }
    // Ten minutes fresh; then pauses of 2, 4, 8 … seconds up to five minutes.
    expect(asked.length).toBeLessThan(25);
    expect(asked.length).toBeGreaterThan(5);
  });

  it('refuses when its source was silent for longer than keys are trusted, and says that the keys are missing', async () => {
    const { world, verify, accepts, answer } = await publishing(OLD);
    await accepts(oldToken);
    answer(() => new Response('down', { status: 500 }));
    world.advance(STALE_MS + 1);
    await expect(verify(oldToken)).rejects.toThrow("The issuer's keys can not be fetched now");
  });

  it('tells of each fetch that failed, while known keys are still accepted', async () => {
    const { world, accepts, failures, answer } = await publishing(OLD);
    await accepts(oldToken);
    answer(() => new Response('down', { status: 503 }));
    world.advance(FRESH_MS + 1);
    for (let n = 0; n < 10; n += 1) expect(await accepts(oldToken)).toBe(true);
    await settle();
    expect(failures).toMatchObject([{ name: 'KeysUnavailable', cause: { code: 'HTTP_503' } }]);
  });

  it('recovers when its source does', async () => {
    const { world, accepts, publish, asked } = await publishing(null);
    expect(await accepts(oldToken)).toBe(false);
    publish(OLD);
    expect(await accepts(oldToken)).toBe(false);
    expect(asked).toHaveLength(1);
    world.advance(2_001);
    expect(await accepts(oldToken)).toBe(true);
  });

  it.each([
    ['an empty set', () => Response.json({ keys: [] })],
    ['no JSON', () => new Response('<html>')],
    ['another document', () => Response.json({ issuer: 'https://id.example' })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } })],
  ])('keeps the last good keys when its source answers with %s', async (_title, answer) => {
    const source = await publishing(OLD);
    await source.accepts(oldToken);
    source.answer(answer);
    source.world.advance(FRESH_MS + 1);
    await source.accepts(oldToken);
    await settle();
    expect(source.asked).toEqual([URL_OF_KEYS, URL_OF_KEYS]);
    expect(await source.accepts(oldToken)).toBe(true);
  });

  it('asks once per cooldown for keys that it does not know, however many tokens name them', async () => {
    const { world, asked, accepts } = await publishing(OLD);
    await accepts(oldToken);
    world.advance(COOLDOWN_MS + 1);
    for (let n = 0; n < 100; n += 1) expect(await accepts(unknownToken)).toBe(false);
    expect(asked).toHaveLength(2);
  });

  it('refuses a token that names no key where several could have signed it, and says what to do', async () => {
    const { verify } = await publishing(BOTH);
    await expect(verify(`Bearer ${rsaToken()}`)).rejects.toThrow('by `kid`');
  });
});

describe('rotation', () => {
  it('refuses no token when the new key is published before it is used', async () => {
    const { world, accepts, publish } = await publishing(OLD);
    expect(await accepts(oldToken)).toBe(true);
    publish(BOTH);
    world.advance(FRESH_MS + 1);
    expect(await accepts(oldToken)).toBe(true);
    await settle();
    expect(await accepts(newToken)).toBe(true);
    publish(NEW);
    expect(await accepts(oldToken)).toBe(true);
    expect(await accepts(newToken)).toBe(true);
  });

  it('accepts a new key at its first token when the last fetch is a cooldown ago', async () => {
    const { world, accepts, publish } = await publishing(OLD);
    await accepts(oldToken);
    world.advance(COOLDOWN_MS + 1);
    publish(BOTH);
    expect(await accepts(newToken)).toBe(true);
    expect(await accepts(oldToken)).toBe(true);
  });

  it('accepts a key that is used before it is published once it is published and a cooldown has passed', async () => {
    const { world, accepts, publish } = await publishing(OLD);
    expect(await accepts(newToken)).toBe(false);
    publish(BOTH);
    expect(await accepts(newToken)).toBe(false);
    world.advance(COOLDOWN_MS + 1);
    expect(await accepts(newToken)).toBe(true);
  });

  it('refuses a key that was taken away as soon as the set is fetched anew', async () => {
    const { world, accepts, publish } = await publishing(BOTH);
    expect(await accepts(oldToken)).toBe(true);
    publish(NEW);
    world.advance(FRESH_MS + 1);
    await accepts(newToken);
    await settle();
    expect(await accepts(oldToken)).toBe(false);
  });
});
