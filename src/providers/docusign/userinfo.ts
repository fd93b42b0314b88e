/**
 * Which accounts a user has, and where each lives. Source: developer documentation, "User info endpoint".
 * @module
 */
import { z } from 'zod';
import { ProviderRefused } from '../../model/problems.ts';
import type { Environment } from '../../model/words.ts';
import type { World } from '../../world.ts';
import { type Call, callProvider, json } from '../http.ts';
import { credentialIssue, type Credentials, type GivenCredentials } from './credentials.ts';
import { isTrustedBaseUri, oauthUrl } from './hosts.ts';
import { oauthDialect, type Tokens } from './oauth.ts';

const userinfo = z.object({
  accounts: z
    .array(
      z.object({
        account_id: z.string(),
        is_default: z.union([z.boolean(), z.stringbool()]).catch(false),
        account_name: z.string().catch(''),
        base_uri: z.string(),
      }),
    )
    .nullish(),
});

export interface UserAccount {
  readonly providerAccountId: string;
  readonly name: string;
  /** Without `/restapi`, no trailing slash. */
  readonly baseUri: string;
}

/** What DocuSign knows of the token's user. */
export function readUserinfo(
  credentials: Credentials,
  environment: Environment,
  token: string,
  world: World,
  patience: Pick<Call<unknown>, 'timeoutMs' | 'maxTries'> = {},
): Promise<z.output<typeof userinfo>> {
  const url = oauthUrl(environment, credentials.oauthUrl);
  return callProvider(world, oauthDialect(credentials, url), {
    ...patience,
    method: 'GET',
    url: `${url}/oauth/userinfo`,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    effect: 'SAFE',
    take: json(userinfo),
  });
}

/** The account asked for, else the default one. */
export async function findAccount(
  credentials: GivenCredentials,
  environment: Environment,
  tokens: Tokens,
  world: World,
): Promise<UserAccount> {
  const { accounts } = await readUserinfo(credentials, environment, await tokens.get(), world);
  const asked = credentials.providerAccountId;
  const byDefault = accounts?.find(({ is_default }) => is_default) ?? accounts?.[0];
  if (!byDefault) throw credentialIssue('userId', 'UNKNOWN_REFERENCE', 'this user belongs to no account');
  const chosen = asked ? accounts?.find(({ account_id }) => account_id.toLowerCase() === asked) : byDefault;
  if (!chosen) {
    const message = 'the user does not belong to this account';
    throw credentialIssue('providerAccountId', 'UNKNOWN_REFERENCE', message, byDefault.account_id);
  }
  if (!isTrustedBaseUri(environment, chosen.base_uri)) throw untrusted(chosen.base_uri);
  return {
    providerAccountId: chosen.account_id.toLowerCase(),
    name: chosen.account_name,
    baseUri: chosen.base_uri.replace(/\/+$/, ''),
  };
}

/** No token is sent to an address that isn't DocuSign's. */
export function untrusted(baseUri: string): ProviderRefused {
  const host = URL.parse(baseUri)?.host ?? 'no address';
  const providerMessage = `the account's base URI (${host}) is not DocuSign's`;
  return new ProviderRefused(
    { providerCode: null, providerMessage, providerStatus: null, traceId: null },
    { fix: 'Check LIVE, DEMO and SANDBOX; if the environment is right, report this to DocuSign.' },
  );
}
