/**
 * What it takes to speak for a DocuSign user: an integration key with an RSA key pair, and the user to act for.
 * @module
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { notTaken, oddCharacter } from '../../model/characters.ts';
import { isUuid } from '../../model/ids.ts';
import { InvalidInput, type InputIssue, type IssueCode } from '../../model/problems.ts';
import type { Environment } from '../../model/words.ts';

/** Where these stand in the input of `connectAccount`. */
const PATH = ['credentials', 'docusign'];
const MIN_RSA_BITS = 2048;
/** HMAC keys that DocuSign lets an account have (third-party sources). */
const MAX_HMAC_KEYS = 100;

const guid = (message: string) => z.string().trim().refine(isUuid, message).toLowerCase();

const stored = z.object({
  integrationKey: guid('must be the GUID of the integration key (Apps and Keys)'),
  userId: guid('must be the GUID of the user to act for (API username), not an e-mail address'),
  privateKey: z
    .string()
    .transform(withLineEnds)
    .refine(isRsaKey, `must be an RSA private key of at least ${MIN_RSA_BITS} bits in PEM (PKCS#1 or PKCS#8)`),
  oauthUrl: z.url({ protocol: /^https?$/, message: 'must be an http(s) URL' }).nullish(),
});

/** A key with a line's end behind it, as it was copied, would sign nothing as DocuSign does. */
const hmacKey = z.string().superRefine((key, { addIssue }) => {
  const odd = oddCharacter(key, 'LINE');
  if (key.trim() === '') addIssue('must not be empty');
  else if (odd) addIssue(notTaken(odd));
});

const given = stored.extend({
  hmacKeys: z
    .array(hmacKey)
    .min(1, 'give at least one Connect HMAC key: webhooks are believed only when they are signed')
    .max(MAX_HMAC_KEYS, `at most ${MAX_HMAC_KEYS} keys`),
  providerAccountId: guid('must be the GUID of the account (API account id)').nullish(),
});

export interface Credentials {
  readonly integrationKey: string;
  readonly userId: string;
  readonly privateKey: KeyObject;
  /** Of a stand-in; null for DocuSign itself. */
  readonly oauthUrl: string | null;
}

export interface GivenCredentials extends Credentials {
  readonly hmacKeys: readonly string[];
  /** Which of the user's accounts; null for the default one. */
  readonly providerAccountId: string | null;
  /** To be sealed: plain JSON, read back by `storedCredentials`. */
  readonly stored: unknown;
}

/** As a caller gave them. Throws `InvalidInput` with every fault; no message repeats a value. */
export function givenCredentials(input: unknown, environment: Environment): GivenCredentials {
  const parsed = given.safeParse(input);
  const issues = [
    ...(parsed.error?.issues ?? []).map((issue) => issueOf(issue, input)),
    ...oauthUrlIssues(input, environment),
  ];
  if (!parsed.success || issues.length > 0) throw new InvalidInput(issues);
  const { hmacKeys, providerAccountId, ...rest } = parsed.data;
  return { ...opened(rest), hmacKeys, providerAccountId: providerAccountId ?? null, stored: rest };
}

/** As `givenCredentials` left them to be stored. */
export function storedCredentials(value: unknown): Credentials {
  return opened(stored.parse(value));
}

/** A fault of the credentials that shows only at DocuSign. */
export function credentialIssue(field: string, code: IssueCode, message: string, suggestion?: string): InvalidInput {
  return new InvalidInput([{ code, message, path: [...PATH, field], suggestion: suggestion ?? null }]);
}

function opened({ integrationKey, userId, privateKey, oauthUrl }: z.output<typeof stored>): Credentials {
  return { integrationKey, userId, privateKey: createPrivateKey(privateKey), oauthUrl: oauthUrl ?? null };
}

function oauthUrlIssues(input: unknown, environment: Environment): InputIssue[] {
  const isGiven = typeof input === 'object' && input !== null && Boolean(Reflect.get(input, 'oauthUrl'));
  const path = [...PATH, 'oauthUrl'];
  if (environment === 'SANDBOX' && !isGiven) {
    return [
      { code: 'REQUIRED', message: 'a SANDBOX account needs the address of its stand-in', path, suggestion: null },
    ];
  }
  if (environment !== 'SANDBOX' && isGiven) {
    const message = `only a SANDBOX account has an address of its own; ${environment} is DocuSign's`;
    return [{ code: 'NOT_SUPPORTED', message, path, suggestion: null }];
  }
  return [];
}

function issueOf(issue: z.core.$ZodIssue, input: unknown): InputIssue {
  const path = [...PATH, ...issue.path.map(String)];
  if (issue.code === 'invalid_type' && isAbsent(input, issue.path)) {
    return { code: 'REQUIRED', message: 'is required', path, suggestion: null };
  }
  return { code: codeOf(issue), message: issue.message, path, suggestion: null };
}

function isAbsent(input: unknown, path: readonly PropertyKey[]): boolean {
  let here: unknown = input;
  for (const name of path) here = typeof here === 'object' && here !== null ? Reflect.get(here, name) : undefined;
  return here === undefined || here === null;
}

function codeOf(issue: z.core.$ZodIssue): IssueCode {
  if (issue.code === 'too_small') return 'REQUIRED';
  if (issue.code === 'too_big') return 'TOO_MANY';
  return 'INVALID_FORMAT';
}

/** Line ends often arrive as the two characters `\n`: environment files and JSON inside JSON. */
function withLineEnds(pem: string): string {
  return pem.replaceAll('\\n', '\n').trim();
}

function isRsaKey(pem: string): boolean {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
