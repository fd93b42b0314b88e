/**
 * The signing ceremony: links that open sessions, and what a session's buttons do.
 * @module
 */
import type { HttpAnswer } from '../kit/http.ts';
import { redirect } from '../kit/pages.ts';
import { withQuery } from '../kit/query.ts';
import { decline, failAuthentication, finishLater, open, sign, turnProblem } from './acts.ts';
import { type PageCall, messagePage } from './page-call.ts';
import { documentPdf } from './pdf.ts';
import { accessCodePage, ceremonyPage, viewPage } from './signing-page.ts';
import type { Envelope, Recipient, Sandbox, SigningSession } from './state.ts';
import { INPUT_GROUPS } from './tabs.ts';
import { isTrue } from './values.ts';

/** A link lives five minutes unopened; a session of an embedded signer as long after the last sign of life. */
const LIFE = 300_000;

/** The one-use address of `views/recipient`. */
export function openLink({ sandbox, params }: PageCall): HttpAnswer {
  const link = sandbox.links.get(params['token'] ?? '');
  if (link === undefined) return messagePage('Unknown link', 'This signing link does not exist.', 404);
  if (link.used || link.revoked || sandbox.clock.now() - link.createdAt > LIFE)
    return finished(link.returnUrl, 'ttl_expired');
  link.used = true;
  return redirect(
    `/Signing/session/${startSession(sandbox, link.envelopeId, link.recipientIdGuid, link.returnUrl, true).id}`,
  );
}

/** The link of a mail opens as often as one likes. */
export function openMail({ sandbox, params }: PageCall): HttpAnswer {
  const envelope = sandbox.envelopes.get(params['envelopeId'] ?? '');
  const recipient = envelope?.recipients.find((candidate) => candidate.recipientIdGuid === params['recipientIdGuid']);
  if (envelope === undefined || recipient === undefined)
    return messagePage('Unknown link', 'This invitation is no longer valid.', 404);
  return redirect(
    `/Signing/session/${startSession(sandbox, envelope.envelopeId, recipient.recipientIdGuid, undefined, false).id}`,
  );
}

function startSession(
  sandbox: Sandbox,
  envelopeId: string,
  recipientIdGuid: string,
  returnUrl: string | undefined,
  limited: boolean,
): SigningSession {
  const session: SigningSession = {
    id: sandbox.random.token('session', 24),
    envelopeId,
    recipientIdGuid,
    returnUrl,
    openedAt: sandbox.clock.now(),
    limited,
    revoked: false,
    unlocked: false,
  };
  sandbox.sessions.set(session.id, session);
  return session;
}

interface Visit {
  session: SigningSession;
  envelope: Envelope;
  recipient: Recipient;
}

/** The session behind an address, or the answer that ends it. */
function visit({ sandbox, params }: PageCall): Visit | HttpAnswer {
  const session = sandbox.sessions.get(params['session'] ?? '');
  const envelope = session === undefined ? undefined : sandbox.envelopes.get(session.envelopeId);
  const recipient = envelope?.recipients.find((candidate) => candidate.recipientIdGuid === session?.recipientIdGuid);
  if (session === undefined || envelope === undefined || recipient === undefined)
    return messagePage('Unknown session', 'Open the link of your invitation again.', 404);
  const old = session.limited && sandbox.clock.now() - session.openedAt > LIFE;
  const ended = session.limited && envelope.status === 'voided';
  if (session.revoked || old || ended) return finished(session.returnUrl, 'ttl_expired');
  session.openedAt = sandbox.clock.now();
  return { session, envelope, recipient };
}

/** Opening the page is what makes a recipient `delivered`. */
export function signingPage(call: PageCall): HttpAnswer {
  const found = visit(call);
  if ('status' in found) return found;
  const { session, envelope, recipient } = found;
  if (turnProblem(envelope, recipient) !== undefined) return viewPage(session, envelope, recipient);
  if (isLocked(session, recipient)) return accessCodePage(session);
  open(call.sandbox, envelope, recipient, call.sandbox.emit);
  return ceremonyPage(session, envelope, recipient, undefined);
}

function isLocked(session: SigningSession, recipient: Recipient): boolean {
  return typeof recipient.extra['accessCode'] === 'string' && recipient.extra['accessCode'] !== '' && !session.unlocked;
}

export async function documentOnPage(call: PageCall): Promise<HttpAnswer> {
  const found = visit(call);
  if ('status' in found) return found;
  if (isLocked(found.session, found.recipient)) return accessCodePage(found.session);
  const document = found.envelope.documents.find((candidate) => candidate.documentId === call.params['documentId']);
  if (document === undefined) return messagePage('No such document', 'The envelope does not hold it.', 404);
  const bytes = await documentPdf(found.envelope, document);
  return {
    status: 200,
    headers: {
      'Content-Type': document.readable ? 'application/pdf' : 'application/octet-stream',
      'Content-Disposition': `inline; filename="${encodeURIComponent(document.name)}"`,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    },
    body: bytes,
  };
}

/** One of the buttons. */
export function actOnPage(call: PageCall): HttpAnswer {
  const found = visit(call);
  if ('status' in found) return found;
  const { sandbox, form, params } = call;
  const { session, envelope, recipient } = found;
  if (params['action'] === 'close') return finished(session.returnUrl, 'viewing_complete');
  if (turnProblem(envelope, recipient) !== undefined) return viewPage(session, envelope, recipient);
  if (params['action'] === 'access-code') {
    session.unlocked = form.get('accessCode') === recipient.extra['accessCode'];
    if (session.unlocked) return redirect(`/Signing/session/${session.id}`);
    failAuthentication(sandbox, envelope, recipient, sandbox.emit);
    return finished(session.returnUrl, 'access_code_failed');
  }
  if (isLocked(session, recipient)) return accessCodePage(session);
  switch (params['action']) {
    case 'sign': {
      const values = readForm(recipient, form);
      if (values === undefined)
        return ceremonyPage(session, envelope, recipient, 'Please fill every field marked with a star.');
      sign(sandbox, envelope, recipient, values, sandbox.emit);
      return finished(session.returnUrl, 'signing_complete');
    }
    case 'decline': {
      const reason = form.get('reason')?.trim() ?? '';
      if (reason === '') return ceremonyPage(session, envelope, recipient, 'Please say why you decline.');
      decline(sandbox, envelope, recipient, reason.slice(0, 500), sandbox.emit);
      return finished(session.returnUrl, 'decline');
    }
    case 'later':
      finishLater(sandbox, envelope, recipient, sandbox.emit);
      return finished(session.returnUrl, 'cancel');
    default:
      return messagePage('No such action', 'This page has no such button.', 404);
  }
}

/** Values by tab id; undefined when a required one is missing. An unticked box is told as false. */
function readForm(recipient: Recipient, form: URLSearchParams): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (const [group, tabs] of Object.entries(recipient.tabs)) {
    for (const tab of tabs) {
      const id = tab['tabId'] ?? '';
      const given = form.get(id);
      if (group === 'checkboxTabs') values[id] = String(given !== null);
      else if (INPUT_GROUPS.includes(group))
        values[id] = (isTrue(tab['locked']) ? undefined : given) ?? tab['value'] ?? '';
      else continue;
      const missing = group === 'checkboxTabs' ? given === null : values[id] === '';
      if (missing && isTrue(tab['required'])) return undefined;
    }
  }
  return values;
}

const FAREWELL: Record<string, [title: string, text: string]> = {
  signing_complete: ['Thank you', 'You have signed. You can close this page.'],
  decline: ['Declined', 'The sender will be told. You can close this page.'],
  cancel: ['Until later', 'Open the link again when you are ready.'],
  viewing_complete: ['Thank you', 'You can close this page.'],
  ttl_expired: ['This link has expired', 'Ask the sender for a new one.'],
  access_code_failed: ['Wrong access code', 'Ask the sender for the right one, then open the link again.'],
};

/** Back to the sender's application with `event` appended to the query it came with; a page of our own without one. */
function finished(returnUrl: string | undefined, event: string): HttpAnswer {
  if (returnUrl !== undefined) return redirect(withQuery(returnUrl, { event }));
  const [title, text] = FAREWELL[event] ?? ['Done', ''];
  return messagePage(title, text, event === 'ttl_expired' ? 410 : 200);
}
