/**
 * Home, with the envelopes and where they stand, and the inbox with the mails the platform would have sent.
 * @module
 */
import type { HttpAnswer } from '../kit/http.ts';
import { type Html, html, page } from '../kit/pages.ts';
import { type PageCall, PRODUCT } from './page-call.ts';
import type { Envelope, Mail } from './state.ts';

const SHOWN = 100;

export function homePage({ sandbox }: PageCall): HttpAnswer {
  const envelopes = [...sandbox.envelopes.values()].toReversed();
  return page(
    PRODUCT,
    'Home',
    html`<h1>DocuSign, pretended</h1>
      <p class="soft">
        A stand-in for DocuSign on your machine: OAuth, the eSignature REST API v2.1, signing pages and Connect
        webhooks. Everything is in memory and gone when it stops.
      </p>
      <section>
        <ul class="plain">
          <li><a href="/inbox">Inbox</a>: invitations to sign that would have been mailed</li>
          <li>
            <a href="/_sandbox/ledger">Ledger</a>: what really happened, in order (<a href="/_sandbox/ledger/summary"
              >counts</a
            >)
          </li>
          <li><a href="/_sandbox/state">State</a>: everything the sandbox knows, credentials' keys included</li>
        </ul>
      </section>
      <section>
        <h2>Envelopes</h2>
        ${envelopes.length === 0 ? html`<p class="soft">None yet.</p>` : envelopeTable(envelopes.slice(0, SHOWN))}
        ${envelopes.length > SHOWN ? html`<p class="soft">The newest ${SHOWN} of ${envelopes.length}.</p>` : undefined}
      </section>`,
  );
}

function envelopeTable(envelopes: readonly Envelope[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Subject</th>
        <th>State</th>
        <th>Recipients</th>
      </tr>
    </thead>
    <tbody>
      ${envelopes.map(
        (envelope) =>
          html`<tr>
            <td>${envelope.emailSubject || '(no subject)'}<br /><code class="soft">${envelope.envelopeId}</code></td>
            <td>${envelope.status}<br /><span class="soft">${notificationText(envelope)}</span></td>
            <td>${envelope.recipients.map((recipient) => html`${recipient.name}: ${recipient.status}<br />`)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** What happens by itself as time goes by. */
function notificationText({ notification, expiresAt }: Envelope): string {
  const { reminderEnabled, reminderDelay, reminderFrequency, expireEnabled, expireAfter, expireWarn } = notification;
  const reminders = reminderEnabled ? `reminds after ${reminderDelay} days` : '';
  const again = reminderEnabled && reminderFrequency > 0 ? `, then every ${reminderFrequency}` : '';
  const when = expiresAt === undefined ? `${expireAfter} days after sending` : new Date(expiresAt).toISOString();
  const expiry = expireEnabled ? `expires ${when}` : 'never expires';
  const warning = expireEnabled && expireWarn > 0 ? `, warns ${expireWarn} days before` : '';
  return [reminders + again, expiry + warning].filter((text) => text !== '').join('; ');
}

const WORDS: Record<Mail['kind'], string> = {
  invitation: 'asks you to sign',
  resent: 'asks you again to sign',
  reminder: 'reminds you to sign',
  expiring: 'expires soon',
  copy: 'sends you a copy',
  completed: 'is completed',
  voided: 'was voided',
  declined: 'was declined',
};

export function inboxPage({ sandbox }: PageCall): HttpAnswer {
  const mails = sandbox.mails.slice(-SHOWN).toReversed();
  return page(
    PRODUCT,
    'Inbox',
    html`<h1>Inbox</h1>
      <p class="soft">
        Mails to every recipient, newest first. Embedded signers get none: their address comes from the API.
      </p>
      ${mails.length === 0 ? html`<section><p class="soft">No mail yet.</p></section>` : undefined}
      ${mails.map(
        (mail) =>
          html`<section>
            <h2>“${mail.subject}” ${WORDS[mail.kind]}</h2>
            <p class="soft">To ${mail.name} &lt;${mail.to}&gt;, ${new Date(mail.at).toISOString()}</p>
            <a href="/Signing/EmailStart/v1/${mail.envelopeId}/${mail.recipientIdGuid}">Review documents</a>
          </section>`,
      )}`,
  );
}
