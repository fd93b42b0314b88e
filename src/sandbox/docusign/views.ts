/**
 * `POST …/views/recipient`: the one-use address an embedded signer is sent to.
 * @module
 */
import * as z from 'zod';
import { type Call, type Reply, envelopeOf, jsonObject } from './call.ts';
import { checkLength } from './definition.ts';
import { turnProblem } from './acts.ts';
import { ApiError, invalidBody, invalidParameter } from './errors.ts';
import type { Envelope, Recipient, Sandbox, SigningLink } from './state.ts';
import { optionalText } from './values.ts';

const viewSchema = z.looseObject({
  returnUrl: optionalText,
  authenticationMethod: optionalText,
  userName: optionalText,
  email: optionalText,
  clientUserId: optionalText,
  userId: optionalText,
  recipientId: optionalText,
});
type ViewRequest = z.infer<typeof viewSchema>;

export function createRecipientView(call: Call): Reply {
  const envelope = envelopeOf(call);
  const parsed = viewSchema.safeParse(jsonObject(call));
  if (!parsed.success) throw invalidBody();
  const { returnUrl, authenticationMethod } = parsed.data;
  if (returnUrl === undefined || !URL.canParse(returnUrl))
    throw invalidParameter("Invalid value specified for 'returnUrl'.");
  if (authenticationMethod === undefined || authenticationMethod === '')
    throw invalidParameter("'authenticationMethod' must be given.");
  checkLength('returnUrl', returnUrl, 500);
  const recipient = identify(envelope, parsed.data);
  const problem = turnProblem(envelope, recipient);
  if (problem !== undefined) throw problem;
  const { sandbox } = call;
  revokeLinks(sandbox, envelope.envelopeId);
  const link: SigningLink = {
    token: sandbox.random.uuid('link'),
    envelopeId: envelope.envelopeId,
    recipientIdGuid: recipient.recipientIdGuid,
    returnUrl,
    createdAt: sandbox.clock.now(),
    used: false,
    revoked: false,
  };
  sandbox.links.set(link.token, link);
  return {
    status: 201,
    json: { url: `${sandbox.url}/Signing/MTRedeem/v1/${link.token}?slt=${sandbox.random.token('slt', 24)}` },
  };
}

/** `DELETE …/views/recipient`. */
export function revokeRecipientView(call: Call): Reply {
  revokeLinks(call.sandbox, envelopeOf(call).envelopeId);
  return { status: 200, json: {} };
}

/** A later address ends the earlier ones of the envelope, opened or not. */
function revokeLinks(sandbox: Sandbox, envelopeId: string): void {
  for (const link of sandbox.links.values()) if (link.envelopeId === envelopeId) link.revoked = true;
  for (const session of sandbox.sessions.values())
    if (session.envelopeId === envelopeId && session.limited) session.revoked = true;
}

/** All that was given must equal what is on the envelope; a recipient without clientUserId has no embedded view. */
function identify(envelope: Envelope, given: ViewRequest): Recipient {
  const byName = given.userName !== undefined && given.email !== undefined;
  if (!byName && given.userId === undefined)
    throw invalidParameter("Either 'userName' and 'email' or 'userId' must be given.");
  const recipient = envelope.recipients.find(
    (candidate) =>
      candidate.clientUserId !== undefined &&
      candidate.clientUserId === given.clientUserId &&
      (given.userId === undefined || given.userId === candidate.userId) &&
      (!byName ||
        (given.userName === candidate.name && given.email?.toLowerCase() === candidate.email.toLowerCase())) &&
      (given.recipientId === undefined || given.recipientId === '' || given.recipientId === candidate.recipientId),
  );
  if (recipient === undefined)
    throw new ApiError(
      'UNKNOWN_ENVELOPE_RECIPIENT',
      'The recipient you have identified is not a valid recipient of the specified envelope.',
    );
  return recipient;
}
