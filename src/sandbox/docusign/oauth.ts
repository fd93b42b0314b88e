/**
 * The OAuth host: JWT grant, userinfo and the check of bearer tokens.
 * @module
 */
import * as z from 'zod';
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose';
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { ApiError, invalidToken } from './errors.ts';
import type { AccessToken, App, Sandbox } from './state.ts';
import { isGuid } from './values.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** An OAuth error: HTTP 400 with `error` and perhaps `error_description`. */
class GrantError extends Error {
  readonly error: string;
  readonly description: string | undefined;

  constructor(error: string, description?: string) {
    super(description ?? error);
    this.error = error;
    this.description = description;
  }
}

const claimsSchema = z.looseObject({
  iss: z.string().optional(),
  sub: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number().optional(),
  nbf: z.number().optional(),
  scope: z.string().optional(),
});

export async function answerToken(sandbox: Sandbox, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const token = await grant(sandbox, request);
    const scope = sandbox.settings.scopeInTokenAnswer ? { scope: token.scopes.join(' ') } : {};
    sandbox.ledger.write('token', { event: 'granted', userId: token.userId, integrationKey: token.integrationKey });
    return json(200, {
      access_token: token.token,
      token_type: 'Bearer',
      expires_in: sandbox.settings.tokenLifetimeSeconds,
      ...scope,
    });
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    sandbox.ledger.write('token', { event: 'refused', error: error.message });
    return json(400, {
      error: error.error,
      ...(error.description === undefined ? {} : { error_description: error.description }),
    });
  }
}

async function grant(sandbox: Sandbox, request: HttpRequest): Promise<AccessToken> {
  const form = String(request.headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith('application/x-www-form-urlencoded');
  const parameters = new URLSearchParams(form ? request.body.toString('utf8') : '');
  if (parameters.get('grant_type') !== GRANT) throw new GrantError('invalid_grant', 'unsupported_grant_type');
  const assertion = parameters.get('assertion');
  if (assertion === null || assertion === '') throw new GrantError('invalid_grant', 'missing_assertion');
  const claims = readClaims(assertion);
  const app = claims.iss === undefined ? undefined : sandbox.apps.get(claims.iss.toLowerCase());
  if (app === undefined) throw new GrantError('invalid_grant', 'issuer_not_found');
  if (!(await verified(app, assertion)) || !audienceFits(sandbox, request, claims.aud))
    throw new GrantError('invalid_grant', 'no_valid_keys_or_signatures');
  checkTimes(sandbox, claims);
  return issue(
    sandbox,
    app,
    claims.sub,
    (claims.scope ?? '').split(/\s+/).filter((scope) => scope !== ''),
  );
}

function readClaims(assertion: string): z.infer<typeof claimsSchema> {
  try {
    if (decodeProtectedHeader(assertion).alg !== 'RS256') throw new Error('not RS256');
    return claimsSchema.parse(decodeJwt(assertion));
  } catch {
    throw new GrantError('invalid_grant', 'no_valid_keys_or_signatures');
  }
}

/** The assertion names no key, so each registered one is tried. */
async function verified(app: App, assertion: string): Promise<boolean> {
  for (const key of app.publicKeys) {
    try {
      await compactVerify(assertion, key, { algorithms: ['RS256'] });
      return true;
    } catch {
      // The next key may fit.
    }
  }
  return false;
}

/** A bare host with its port: the one the client called, our own, or the platform's names. */
function audienceFits(sandbox: Sandbox, request: HttpRequest, aud: string | string[] | undefined): boolean {
  const own = new URL(sandbox.url);
  const accepted = new Set([
    own.host,
    request.headers.host ?? own.host,
    `localhost:${own.port}`,
    'account-d.docusign.com',
    'account.docusign.com',
  ]);
  return [aud].flat().some((name) => name !== undefined && accepted.has(name));
}

/** Against the machine's time, which made the assertion, not the virtual clock. */
function checkTimes(sandbox: Sandbox, { exp, nbf }: z.infer<typeof claimsSchema>): void {
  const now = (sandbox.clock.wall() + sandbox.settings.oauthClockSkewMs) / 1000;
  if (exp === undefined || (nbf !== undefined && nbf > now))
    throw new GrantError('invalid_grant', 'no_valid_keys_or_signatures');
  if (exp <= now) throw new GrantError('invalid_grant', 'expired_grant');
}

function issue(sandbox: Sandbox, app: App, sub: string | undefined, scopes: string[]): AccessToken {
  if (sub === undefined || !isGuid(sub)) throw new GrantError('invalid_grant', 'invalid_subject');
  const user = sandbox.users.get(sub.toLowerCase());
  if (user === undefined || !user.active) throw new GrantError('invalid_grant', 'user_not_found');
  const consent = sandbox.consents.get(`${app.integrationKey}/${user.userId}`);
  if (consent === undefined || !scopes.includes('impersonation') || !scopes.every((scope) => consent.has(scope)))
    throw new GrantError('consent_required');
  const token: AccessToken = {
    token: `eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.${sandbox.random.token('access-token', 96)}.${sandbox.random.token('access-token', 96)}`,
    userId: user.userId,
    integrationKey: app.integrationKey,
    expiresAt: sandbox.clock.now() + sandbox.settings.tokenLifetimeSeconds * 1000,
    scopes,
  };
  sandbox.tokens.set(token.token, token);
  return token;
}

/** The live token of `Authorization: Bearer …`; throws the 401 of the REST API. */
export function bearer(sandbox: Sandbox, request: HttpRequest): AccessToken {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw new ApiError(
      'USER_AUTHENTICATION_FAILED',
      'One or both of Username and Password are invalid. Invalid access token',
      401,
    );
  }
  const token = sandbox.tokens.get(/^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? '');
  if (token === undefined || token.expiresAt <= sandbox.clock.now() || sandbox.users.get(token.userId)?.active !== true)
    throw invalidToken();
  return token;
}

export function answerUserinfo(sandbox: Sandbox, request: HttpRequest): HttpAnswer {
  const token = bearer(sandbox, request);
  const user = sandbox.users.get(token.userId);
  if (user === undefined) throw invalidToken();
  const [given = '', ...family] = user.name.split(' ');
  return json(200, {
    sub: user.userId,
    name: user.name,
    given_name: given,
    family_name: family.join(' '),
    created: '2024-03-02T09:15:11.45',
    email: user.email,
    accounts: user.accountIds.flatMap((accountId) => {
      const account = sandbox.accounts.get(accountId);
      if (account === undefined) return [];
      return [
        {
          account_id: accountId,
          is_default: accountId === user.defaultAccountId,
          account_name: account.name,
          base_uri: baseUri(sandbox, request),
        },
      ];
    }),
  });
}

/** The address the client used, so that it stays reachable through a tunnel or a container's port. */
function baseUri(sandbox: Sandbox, request: HttpRequest): string {
  const own = new URL(sandbox.url);
  return request.headers.host === undefined ? sandbox.url : `${own.protocol}//${request.headers.host}`;
}

export function json(status: number, value: unknown): HttpAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-cache' },
    body: JSON.stringify(value),
  };
}
