/**
 * The pages for people, by address: home, inbox, signing, consent.
 * @module
 */
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { createRouter } from '../kit/router.ts';
import { answerConsent, consentPage } from './consent.ts';
import { actOnPage, documentOnPage, openLink, openMail, signingPage } from './signing.ts';
import { homePage, inboxPage } from './overview-pages.ts';
import type { PageCall } from './page-call.ts';
import type { Sandbox } from './state.ts';

const routes = createRouter<(call: PageCall) => HttpAnswer | Promise<HttpAnswer>>({
  'GET /': homePage,
  'GET /inbox': inboxPage,
  'GET /oauth/auth': consentPage,
  'POST /oauth/auth': answerConsent,
  'GET /Signing/MTRedeem/v1/{token}': openLink,
  'GET /Signing/EmailStart/v1/{envelopeId}/{recipientIdGuid}': openMail,
  'GET /Signing/session/{session}': signingPage,
  'GET /Signing/session/{session}/documents/{documentId}': documentOnPage,
  'POST /Signing/session/{session}/{action}': actOnPage,
});

/** Undefined when there is no such page. */
export async function answerPages(sandbox: Sandbox, request: HttpRequest): Promise<HttpAnswer | undefined> {
  const match = routes.match(request.method, request.path);
  if (match === undefined) return undefined;
  const form = new URLSearchParams(request.method === 'POST' ? request.body.toString('utf8') : '');
  return match.handler({ sandbox, request, params: match.params, form });
}
