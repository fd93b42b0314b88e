/**
 * What a signer sees: the documents, the fields to fill, and three ways to end.
 * @module
 */
import type { HttpAnswer } from '../kit/http.ts';
import { type Html, html, page } from '../kit/pages.ts';
import { PRODUCT } from './page-call.ts';
import type { Envelope, Recipient, SigningSession, Tab } from './state.ts';
import { INPUT_GROUPS } from './tabs.ts';
import { isTrue } from './values.ts';

export function ceremonyPage(
  session: SigningSession,
  envelope: Envelope,
  recipient: Recipient,
  error: string | undefined,
): HttpAnswer {
  const at = `/Signing/session/${session.id}`;
  const fields = inputs(recipient);
  return page(
    PRODUCT,
    envelope.emailSubject,
    html`<h1>${envelope.emailSubject}</h1>
      <p class="soft">For ${recipient.name} &lt;${recipient.email}&gt;</p>
      ${envelope.emailBlurb === '' ? undefined : html`<p>${envelope.emailBlurb}</p>`}
      ${error === undefined ? undefined : html`<p class="error" role="alert">${error}</p>`}
      ${documentList(session, envelope)}
      <form method="post" action="${at}/sign">
        ${
          fields.length === 0
            ? undefined
            : html`<section>
                <h2>Fill in</h2>
                ${fields}
              </section>`
        }
        <section>
          <h2>Sign</h2>
          <p class="signature">${recipient.name}</p>
          <button class="main" type="submit">Sign</button>
        </section>
      </form>
      <section>
        <div class="row">
          <form method="post" action="${at}/later"><button type="submit">Finish later</button></form>
        </div>
      </section>
      <form method="post" action="${at}/decline">
        <section>
          <h2>Decline</h2>
          <label>Why do you decline?<textarea name="reason" rows="2" required></textarea></label>
          <button class="warn" type="submit">Decline to sign</button>
        </section>
      </form>`,
    error === undefined ? 200 : 422,
  );
}

/** Nothing to do, or not yet: the documents to read. */
export function viewPage(session: SigningSession, envelope: Envelope, recipient: Recipient): HttpAnswer {
  const waiting = recipient.status === 'created' && envelope.status !== 'created';
  return page(
    PRODUCT,
    envelope.emailSubject,
    html`<h1>${envelope.emailSubject}</h1>
      <p class="soft">
        ${waiting ? 'It is not your turn yet.' : `The envelope is ${envelope.status}; your part is ${recipient.status}.`}
      </p>
      ${documentList(session, envelope)}
      <form method="post" action="/Signing/session/${session.id}/close"><button type="submit">Close</button></form>`,
  );
}

export function accessCodePage(session: SigningSession): HttpAnswer {
  return page(
    PRODUCT,
    'Access code',
    html`<h1>Access code</h1>
      <p class="soft">The sender has protected these documents with a code.</p>
      <form method="post" action="/Signing/session/${session.id}/access-code">
        <section>
          <label>Code<input type="text" name="accessCode" required autocomplete="off" /></label>
          <button class="main" type="submit">Open</button>
        </section>
      </form>`,
  );
}

function documentList(session: SigningSession, envelope: Envelope): Html {
  return html`<section>
    <h2>Documents</h2>
    <ul class="plain">
      ${envelope.documents.map(
        (document) =>
          html`<li>
            <a href="/Signing/session/${session.id}/documents/${encodeURIComponent(document.documentId)}"
              >${document.name}</a
            >
            <span class="soft">${document.pages.length} ${document.pages.length === 1 ? 'page' : 'pages'}</span>
          </li>`,
      )}
    </ul>
  </section>`;
}

function inputs(recipient: Recipient): Html[] {
  return Object.entries(recipient.tabs).flatMap(([group, tabs]) => {
    if (group === 'checkboxTabs') return tabs.map(checkbox);
    return INPUT_GROUPS.includes(group) ? tabs.map(textInput) : [];
  });
}

function textInput(tab: Tab): Html {
  const locked = isTrue(tab['locked']);
  const required = isTrue(tab['required']);
  return html`<label
    >${label(tab)}${required ? ' *' : ''}<input
      type="text"
      name="${tab['tabId']}"
      value="${tab['value'] ?? ''}"
      ${required ? html`required` : undefined}
      ${locked ? html`readonly` : undefined}
  /></label>`;
}

function checkbox(tab: Tab): Html {
  return html`<label class="check"
    ><input
      type="checkbox"
      name="${tab['tabId']}"
      value="true"
      ${isTrue(tab['selected']) ? html`checked` : undefined}
      ${isTrue(tab['required']) ? html`required` : undefined}
    />
    ${label(tab)}</label
  >`;
}

function label(tab: Tab): string {
  return tab['tabLabel'] ?? tab['name'] ?? 'Field';
}
