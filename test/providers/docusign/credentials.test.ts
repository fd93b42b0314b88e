import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../../src/model/problems.ts';
import type { Environment } from '../../../src/model/words.ts';
import { givenCredentials, storedCredentials } from '../../../src/providers/docusign/credentials.ts';
import { CREDENTIALS, KEYS, PEM } from './fixtures.ts';

function issuesOf(
  input: unknown,
  environment: Environment = 'SANDBOX',
): { code: string; field: string; message: string }[] {
  try {
    givenCredentials(input, environment);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.issues.map(({ code, path, message }) => {
      return { code, field: path.join('.').replace(/^credentials\.docusign\.?/, ''), message };
    });
  }
  return [];
}

const fields = (issues: { field: string }[]): string[] => issues.map(({ field }) => field).toSorted();

describe('credentials', () => {
  it.each([
    ['PKCS#8', PEM],
    ['PKCS#1', KEYS.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['PEM whose line ends were written as \\n', PEM.replaceAll('\n', '\\n')],
  ])('take a key in %s', (_what, privateKey) => {
    const given = givenCredentials({ ...CREDENTIALS, privateKey }, 'SANDBOX');
    expect(given.privateKey.asymmetricKeyType).toBe('rsa');
    expect(storedCredentials(given.stored).integrationKey).toBe(CREDENTIALS.integrationKey);
  });

  it('are refused with every fault at once', () => {
    const issues = issuesOf({ userId: 'ada@sender.example', privateKey: 'secret words', hmacKeys: [] });
    expect(fields(issues)).toEqual(['hmacKeys', 'integrationKey', 'oauthUrl', 'privateKey', 'userId']);
    expect(issues.find(({ field }) => field === 'integrationKey')?.code).toBe('REQUIRED');
    expect(issues.find(({ field }) => field === 'userId')?.message).toContain('not an e-mail address');
  });

  it('never repeat a value in a fault', () => {
    const text = JSON.stringify(issuesOf({ ...CREDENTIALS, privateKey: 'secret words', hmacKeys: ['k', ' '] }));
    expect(text).not.toContain('secret words');
  });

  it.each([
    ['an EC key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['an RSA key of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
  ])('refuse %s', (_what, key) => {
    const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(fields(issuesOf({ ...CREDENTIALS, privateKey }))).toEqual(['privateKey']);
  });

  it('name the key among several that is empty', () => {
    expect(fields(issuesOf({ ...CREDENTIALS, hmacKeys: ['one', ''] }))).toEqual(['hmacKeys.1']);
  });

  it('name the key that was copied with the end of its line, and the character', () => {
    expect(issuesOf({ ...CREDENTIALS, hmacKeys: ['one', 'two\r\n'] })).toEqual([
      {
        code: 'INVALID_FORMAT',
        field: 'hmacKeys.1',
        message: 'U+000D CARRIAGE RETURN at position 4 is not taken here.',
      },
    ]);
  });

  it.each(['LIVE', 'DEMO'] as const)('leave no address to the caller in %s', (environment) => {
    expect(fields(issuesOf(CREDENTIALS, environment))).toEqual(['oauthUrl']);
  });

  it.each([null, 'text', undefined])('that are %j are refused', (input) => {
    expect(issuesOf(input).length).toBeGreaterThan(0);
  });
});
