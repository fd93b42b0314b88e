/**
 * Where DocuSign lives, and what may be sent a token.
 * Source: developer documentation, "User info endpoint"; the hosts of the official SDK.
 * @module
 */
import type { Environment } from '../../model/words.ts';

const OAUTH_URLS = {
  LIVE: 'https://account.docusign.com',
  DEMO: 'https://account-d.docusign.com',
} as const;

/** A stand-in names its own; the others can't be moved. No trailing slash. */
export function oauthUrl(environment: Environment, sandboxUrl: string | null): string {
  if (environment !== 'SANDBOX') return OAUTH_URLS[environment];
  if (sandboxUrl === null) throw new TypeError('a SANDBOX account without `oauthUrl`');
  return sandboxUrl.replace(/\/+$/, '');
}

/**
 * True when a token may be sent there. The base URI comes from an answer and from the database, and whoever changes
 * it would otherwise be handed a token: outside the sandbox it must be DocuSign's own, over TLS.
 */
export function isTrustedBaseUri(environment: Environment, baseUri: string): boolean {
  const url = URL.parse(baseUri);
  if (!url || url.username !== '' || url.password !== '') return false;
  if (environment === 'SANDBOX') return url.protocol === 'https:' || url.protocol === 'http:';
  return url.protocol === 'https:' && url.port === '' && /(?:^|\.)docusign\.(?:net|com)$/.test(url.hostname);
}
