/**
 * Embedded signing: a link for a recipient who signs inside the caller's application, and the truth on their return,
 * which is the provider's word and never the parameters of the address they come back to.
 * @module
 */
import { notTaken, oddCharacter } from '../../model/characters.ts';
import {
  NotEmbedded,
  NotFound,
  NotReady,
  type ProviderFault,
  ProviderUnavailable,
  WrongState,
} from '../../model/problems.ts';
import { withParameter } from '../../model/query.ts';
import { addMilliseconds } from '../../model/time.ts';
import { isOut } from '../../model/words.ts';
import type { SigningUrl } from '../../providers/provider.ts';
import type { CommandDeps } from '../deps.ts';
import { embeddedId } from '../commands/content.ts';
import type { EnvelopeRow, RecipientRow } from '../state/edit.ts';
import { inTime, type Staleness, stalenessOf } from './freshness.ts';
import { Issues } from '../input/issues.ts';
import type { LookUps } from './look-up.ts';
import { findEnvelope, findRecipients } from '../state/read.ts';
import { type Deadline, deadlineIn, settledWithin } from '../../world.ts';

export interface SigningRequest {
  /** UUID of the recipient. */
  readonly recipientId: string;
  /** Where the provider sends the signer afterwards, as the caller gave it. */
  readonly returnUrl: string;
  /** Added to its query as `cs_state`: what `confirmSigning` is asked with. */
  readonly state: string;
  /** Milliseconds to wait: for an envelope that is still being sent, then for the provider. */
  readonly waitMs: number;
}

export interface ConfirmedSigning {
  readonly envelopeId: string;
  /** Null when the cache is as the provider has it. */
  readonly staleness: Staleness | null;
}

const LOOK_MS = 200;
/** The provider has at least this long for its answer: nothing of it could be had in the background. */
const LEAST_WAIT_MS = 1_000;
const ASK_AGAIN_MS = 2_000;

export async function createSigningUrl(
  deps: CommandDeps,
  tenantId: string,
  request: SigningRequest,
): Promise<SigningUrl> {
  const { world } = deps;
  const deadline = deadlineIn(world, request.waitMs);
  const least = deadlineIn(world, LEAST_WAIT_MS);
  const recipient = await recipientOf(deps, tenantId, request.recipientId);
  const returnUrl = checkedReturnUrl(request, await maxReturnUrl(deps, tenantId, recipient.envelopeId));
  const embedded = embeddedId(recipient);
  if (embedded === null) throw new NotEmbedded();
  const envelope = await whenSent(deps, tenantId, recipient.envelopeId, deadline);
  const client = await deps.accounts.client(tenantId, envelope.accountId);
  const asking = client.signingUrl({
    providerId: envelope.providerId,
    recipient: { ref: recipient.providerRef, name: recipient.name, email: recipient.email, embeddedId: embedded },
    returnUrl,
  });
  const opened = await settledWithin(world, Math.max(deadline.left(), least.left()), asking);
  if (opened) return opened.value;
  throw new ProviderUnavailable(NO_ANSWER_IN_TIME, { retryAfter: addMilliseconds(world.now(), ASK_AGAIN_MS) });
}

const NO_ANSWER_IN_TIME: ProviderFault = {
  providerCode: null,
  providerMessage: 'it has not answered within the time that the request waits',
  providerStatus: null,
  traceId: null,
};

/** Brings what the provider has of the recipient's envelope into the cache, or says why it could not be asked. */
export async function confirmSigning(
  deps: CommandDeps,
  lookUps: LookUps,
  tenantId: string,
  recipientId: string,
): Promise<ConfirmedSigning> {
  const recipient = await recipientOf(deps, tenantId, recipientId);
  const envelope = await deps.database.withTenants([tenantId], (tx) =>
    findEnvelope(tx, tenantId, recipient.envelopeId),
  );
  if (!envelope) throw new NotFound('envelope');
  return {
    envelopeId: envelope.id,
    staleness: stalenessOf(await inTime(deps.world, lookUps.lookUp(envelope, { urgent: true }))),
  };
}

async function recipientOf({ database }: CommandDeps, tenantId: string, id: string): Promise<RecipientRow> {
  const [recipient] = await database.withTenants([tenantId], (tx) => findRecipients(tx, tenantId, [id]));
  if (!recipient) throw new NotFound('recipient');
  return recipient;
}

async function whenSent(
  { database, world }: CommandDeps,
  tenantId: string,
  envelopeId: string,
  deadline: Deadline,
): Promise<EnvelopeRow & { providerId: string }> {
  for (;;) {
    const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, envelopeId));
    if (!envelope) throw new NotFound('envelope');
    const { status, providerId } = envelope;
    if (isOut(status)) {
      if (providerId !== null) return { ...envelope, providerId };
    } else if (status !== 'SENDING') {
      throw new WrongState(`A ${status} envelope can not be signed.`, status);
    }
    const left = deadline.left();
    if (left === 0) {
      throw new NotReady('The envelope is still being sent.', addMilliseconds(world.now(), ASK_AGAIN_MS));
    }
    await world.sleep(Math.min(LOOK_MS, left));
  }
}

/** What the provider takes; no limit where its account is gone, since asking it fails by itself then. */
async function maxReturnUrl(
  { database, accounts }: CommandDeps,
  tenantId: string,
  envelopeId: string,
): Promise<number> {
  const envelope = await database.withTenants([tenantId], (tx) => findEnvelope(tx, tenantId, envelopeId));
  if (!envelope) throw new NotFound('envelope');
  const account = (await accounts.get(tenantId, [envelope.accountId])).get(envelope.accountId);
  return account ? accounts.capabilities(account).maxReturnUrl : Infinity;
}

/** The address as given, with the state in its query. */
function checkedReturnUrl({ returnUrl, state, waitMs }: SigningRequest, max: number): string {
  const issues = new Issues();
  const path = ['returnUrl'];
  issues.wait(waitMs);
  const url = /^https?:\/\//i.test(returnUrl) ? URL.parse(returnUrl) : null;
  const isLocal = url?.protocol === 'http:' && (url.hostname === 'localhost' || url.hostname === '127.0.0.1');
  if (!url || (url.protocol !== 'https:' && !isLocal)) {
    issues.add('INVALID_FORMAT', path, 'This must be an https address (http on localhost alone).');
  }
  const odd = oddCharacter(returnUrl, 'ADDRESS');
  if (odd) issues.add('INVALID_FORMAT', path, notTaken(odd), 'Leave it out, or write it percent-encoded.');
  const whole = withParameter(returnUrl, 'cs_state', state);
  if (whole.length > max) {
    const room = max - (whole.length - returnUrl.length);
    issues.add(
      'TOO_LONG',
      path,
      `At most ${room} characters are taken, since \`cs_state\` is added; these are ${returnUrl.length}.`,
    );
  }
  issues.raise();
  return whole;
}
