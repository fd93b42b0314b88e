/**
 * How DocuSign says no: `{errorCode, message}` with statuses that differ from page to page, so the code decides and
 * never the status. Source: developer documentation, "Error codes" and "API resource limits".
 * @module
 */
import type { Headers } from 'undici';
import { z } from 'zod';
import type { ProviderFault } from '../../model/problems.ts';
import { addMilliseconds, dateFrom } from '../../model/time.ts';
import type { World } from '../../world.ts';
import { presentable } from '../fault.ts';
import { type Explanation, type Refusal, retryAfter } from '../http.ts';
import { epochSeconds } from './budget.ts';

const HOUR_MS = 3_600_000;
const BURST_WINDOW_MS = 30_000;
const BURST_JITTER_MS = 3_000;

/** Upper case: the documents write some of them in mixed case. */
const LIMIT = /^(HOURLY|BURST)_([A-Z_]+)_LIMIT_EXCEEDED$/;
/** The one limit that is the whole account's; the others count calls on one envelope. */
const OF_ACCOUNT = 'APIINVOCATION';

const RECONNECT = 'Connect the account again with credentials of a user who may send envelopes in it.';
const REMEDIES: Readonly<Record<string, string>> = {
  AUTHORIZATION_INVALID_TOKEN: RECONNECT,
  USER_AUTHENTICATION_FAILED: RECONNECT,
  PARTNER_AUTHENTICATION_FAILED:
    'The integration key belongs to the other environment or is disabled: check LIVE and DEMO.',
  ACCOUNT_LACKS_PERMISSIONS: 'Ask DocuSign to enable this feature for the account.',
  USER_LACKS_PERMISSIONS: 'Give the user the permission in DocuSign Admin, under Permission Profiles.',
  USER_LACKS_MEMBERSHIP: 'Add the user to the account in DocuSign Admin.',
  USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT: 'Connect the account again with a user who is a member of it.',
  ACCOUNT_NOT_AUTHORIZED_FOR_ENVELOPE:
    'The envelope belongs to another DocuSign account: use the one it was sent from.',
  USER_NOT_ENVELOPE_SENDER_OR_RECIPIENT:
    'Use the account of the user who sent the envelope, or share the envelope with it.',
  ENVELOPE_DOES_NOT_EXIST: 'It was deleted or purged at DocuSign, or the account lost its right to see it.',
  DOCUMENT_DOES_NOT_EXIST: 'Documents of a purged envelope are gone at DocuSign.',
  ENVELOPE_CANNOT_VOID_INVALID_STATE: 'Only an envelope that is sent and not ended can be voided.',
  ENVELOPE_INVALID_STATUS: 'The envelope is not in a state that allows this: read it again.',
  EDIT_LOCK_NOT_LOCK_OWNER: 'Someone is editing the envelope at DocuSign: try again when they are done.',
  EDIT_LOCK_INVALID_STATE_FOR_LOCK: 'An envelope that has ended can no longer be changed.',
  UNKNOWN_ENVELOPE_RECIPIENT: 'Name and e-mail must be those the envelope was sent with, and the recipient embedded.',
  ENVELOPE_HAS_DUPLICATE_RECIPIENTS: 'Merge recipients of the same name, e-mail address and routing order.',
  INVALID_EMAIL_ADDRESS_FOR_RECIPIENT: "Correct the recipient's e-mail address.",
  ANCHOR_TAB_STRING_NOT_FOUND: 'Correct the anchor text, or let the field be skipped where it is missing.',
  TAB_OUT_OF_BOUNDS: 'Move the field onto its page.',
  ENVELOPE_ALLOWANCE_EXCEEDED: "The account's plan has no envelopes left: buy more or wait for the next period.",
};

const body = z.object({ errorCode: z.string().catch(''), message: z.string().catch('') });

/** What to do about an error code, where that is known. */
export function remedyOf(code: string): { fix?: string } {
  const fix = REMEDIES[code.toUpperCase()];
  return fix === undefined ? {} : { fix };
}

/** What DocuSign's support asks for. */
export function traceOf(headers: Headers): string | null {
  const trace = headers.get('x-docusign-tracetoken');
  return trace === null ? null : presentable(trace);
}

/** An answer of the REST API other than 2XX. */
export function explainRefusal({ status, headers, text }: Refusal, world: World): Explanation {
  const said = readBody(text);
  const code = said?.errorCode ? said.errorCode.toUpperCase() : null;
  const limit = LIMIT.exec(code ?? '');
  const fault: ProviderFault = {
    providerCode: said?.errorCode ? presentable(said.errorCode) : null,
    providerMessage: presentable(said?.message || said?.errorCode || `HTTP status ${status} without an explanation`),
    providerStatus: status,
    traceId: traceOf(headers),
  };
  const asked = retryAfter(headers, world.now());
  const fix = REMEDIES[code ?? ''] ?? null;
  // A 429 from in front of the API has no code, and is meant for everything behind it.
  if (!limit) return { fault, limited: false, retryAt: asked, fix, blocksUntil: status === 429 ? asked : null };
  const retryAt = asked ?? whenLimitEnds(limit[1] === 'BURST', headers, world);
  return { fault, limited: true, retryAt, fix, blocksUntil: limit[2] === OF_ACCOUNT ? retryAt : null };
}

/** The hour's limit ends with the clock hour, the burst's with its 30 s window. */
function whenLimitEnds(burst: boolean, headers: Headers, world: World): Date {
  const now = world.now();
  if (burst) return addMilliseconds(now, BURST_WINDOW_MS + world.random() * BURST_JITTER_MS);
  const reset = epochSeconds(headers.get('x-ratelimit-reset'));
  if (reset && reset > now) return reset;
  return dateFrom((Math.floor(now.getTime() / HOUR_MS) + 1) * HOUR_MS);
}

/** Some 5XX come from in front of the API, with a page instead of JSON. */
function readBody(text: string): z.output<typeof body> | null {
  try {
    return body.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
