/**
 * `GET /oauth/auth`: a person lets an integration act for them.
 * @module
 */
import type { HttpAnswer } from '../kit/http.ts';
import { html, page, redirect } from '../kit/pages.ts';
import { withQuery } from '../kit/query.ts';
import { type PageCall, PRODUCT, messagePage } from './page-call.ts';
import type { App } from './state.ts';

interface ConsentRequest {
  app: App;
  scopes: string[];
  redirectUri: string;
  state: string | null;
}

export function consentPage(call: PageCall): HttpAnswer {
  const wanted = readRequest(call, call.request.query);
  if ('status' in wanted) return wanted;
  const { app, scopes } = wanted;
  const users = [...call.sandbox.users.values()].filter((user) => user.active);
  return page(
    PRODUCT,
    'Consent',
    html`<h1>Allow access?</h1>
      <p class="soft">The integration <code>${app.integrationKey}</code> asks to act for you: ${scopes.join(', ')}.</p>
      <section>
        <form method="post" action="/oauth/auth">
          ${[...call.request.query].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
          ${users.map(
            (user, index) =>
              html`<label class="check"
                ><input
                  type="radio"
                  name="user"
                  value="${user.userId}"
                  required
                  ${index === 0 ? html`checked` : undefined}
                />
                ${user.name} (${user.email})</label
              >`,
          )}
          <div class="row">
            <button class="main" name="decision" value="allow">Allow</button>
            <button name="decision" value="deny">Cancel</button>
          </div>
        </form>
      </section>`,
  );
}

export function answerConsent(call: PageCall): HttpAnswer {
  const wanted = readRequest(call, call.form);
  if ('status' in wanted) return wanted;
  const { redirectUri } = wanted;
  const state = wanted.state === null ? {} : { state: wanted.state };
  if (call.form.get('decision') !== 'allow')
    return redirect(withQuery(redirectUri, { ...state, error: 'access_denied' }));
  const user = call.sandbox.users.get(call.form.get('user') ?? '');
  if (user === undefined) return messagePage('No such user', 'Choose who gives the consent.', 400);
  const name = `${wanted.app.integrationKey}/${user.userId}`;
  call.sandbox.consents.set(name, new Set([...(call.sandbox.consents.get(name) ?? []), ...wanted.scopes]));
  return redirect(withQuery(redirectUri, { ...state, code: call.sandbox.random.token('consent-code', 48) }));
}

/** What is asked, or the page that says why it can't be. With registered addresses only those are redirected to. */
function readRequest({ sandbox }: PageCall, parameters: URLSearchParams): ConsentRequest | HttpAnswer {
  const app = sandbox.apps.get((parameters.get('client_id') ?? '').toLowerCase());
  const redirectUri = parameters.get('redirect_uri') ?? '';
  if (parameters.get('response_type') !== 'code') return messagePage('Bad request', 'response_type must be code.', 400);
  if (app === undefined)
    return messagePage('Unknown integration', 'client_id is not a registered integration key.', 400);
  const registered = app.redirectUris.length === 0 || app.redirectUris.includes(redirectUri);
  if (!URL.canParse(redirectUri) || !/^https?:$/.test(new URL(redirectUri).protocol) || !registered) {
    return messagePage('Bad redirect address', 'redirect_uri is not registered for this integration key.', 400);
  }
  const scopes = (parameters.get('scope') ?? '').split(/[\s+]+/).filter((scope) => scope !== '');
  return { app, scopes, redirectUri, state: parameters.get('state') };
}
