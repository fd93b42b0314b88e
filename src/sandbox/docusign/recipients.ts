/**
 * Recipients of one envelope: read, correct, add, remove. Corrections answer 200 with an error per item.
 * @module
 */
import { isActive, isEnded, isFinished } from './progress.ts';
import { type Call, type Reply, envelopeOf, jsonObject, ok, query } from './call.ts';
import { checkComplete, checkEmail, checkLength, readRecipient } from './definition.ts';
import { beforeChange, note, record, recordRecipient, sender } from './history.ts';
import { resendTo } from './lifecycle.ts';
import { activateNext } from './routing.ts';
import { recipientJson, recipientsJson } from './envelope-json.ts';
import { ApiError, invalidParameter, invalidStatus } from './errors.ts';
import { type Envelope, RECIPIENT_GROUPS, type Recipient, type RecipientGroup } from './state.ts';
import { checkTabs, readTabs, tabIds } from './tabs.ts';
import { asText, isRecord, isTrue, text } from './values.ts';

export function getRecipients(call: Call): Reply {
  return ok(recipientsJson(envelopeOf(call), isTrue(query(call, 'include_tabs'))));
}

/** Corrects recipients that exist and adds those that don't, each with its own verdict. */
export function putRecipients(call: Call): Reply {
  const envelope = openEnvelope(call);
  const again = isTrue(query(call, 'resend_envelope'));
  const results = each(call, envelope, (group, member, recipientId) => {
    const recipient = envelope.recipients.find((candidate) => candidate.recipientId === recipientId);
    if (recipient === undefined) add(call, envelope, group, member);
    else correct(call, envelope, recipient, member, again);
  });
  settle(call, envelope, results);
  return ok({ recipientUpdateResults: results });
}

export function postRecipients(call: Call): Reply {
  const envelope = openEnvelope(call);
  const before = new Set(envelope.recipients);
  const results = each(call, envelope, (group, member, recipientId) => {
    if (envelope.recipients.some((candidate) => candidate.recipientId === recipientId)) {
      throw new ApiError('ENVELOPE_HAS_DUPLICATE_RECIPIENTS', 'The specified envelope has duplicate recipients.');
    }
    add(call, envelope, group, member);
  });
  const failed = results.find((result) => result.errorDetails.errorCode !== 'SUCCESS');
  if (failed !== undefined && results.length === 1)
    throw new ApiError(failed.errorDetails.errorCode, failed.errorDetails.message);
  settle(call, envelope, results);
  const groups = recipientsJson(
    { ...envelope, recipients: envelope.recipients.filter((recipient) => !before.has(recipient)) },
    false,
  );
  return { status: 201, json: groups };
}

/** Of the whole list (ids in the body) or the one in the path. */
export function deleteRecipients(call: Call): Reply {
  const envelope = openEnvelope(call);
  const named = call.params['recipientId'];
  const ids =
    named === undefined ? members(jsonObject(call)).map(({ member }) => String(member['recipientId'])) : [named];
  const removed = ids.map((id) => {
    const recipient = envelope.recipients.find((candidate) => candidate.recipientId === id);
    if (recipient === undefined) throw invalidParameter(`The recipient '${id}' is not in the envelope.`);
    if (isFinished(recipient)) throw invalidStatus(`The recipient '${id}' is '${recipient.status}'.`);
    return recipient;
  });
  beforeChange(call.sandbox, envelope);
  envelope.recipients = envelope.recipients.filter((recipient) => !removed.includes(recipient));
  if (envelope.status !== 'created') {
    corrected(call, envelope);
    activateNext(call.sandbox, envelope, call.emit);
  }
  return ok(recipientsJson({ ...envelope, recipients: removed }, false));
}

function openEnvelope(call: Call): Envelope {
  const envelope = envelopeOf(call);
  if (isEnded(envelope)) throw invalidStatus(`The envelope is '${envelope.status}'.`);
  return envelope;
}

interface ItemResult {
  recipientId: string;
  errorDetails: { errorCode: string; message: string };
}

function members(body: Record<string, unknown>): { group: RecipientGroup; member: Record<string, unknown> }[] {
  return RECIPIENT_GROUPS.flatMap((group) => {
    const list = body[group];
    return Array.isArray(list) ? list.filter(isRecord).map((member) => ({ group, member })) : [];
  });
}

function each(
  call: Call,
  envelope: Envelope,
  act: (group: RecipientGroup, member: Record<string, unknown>, recipientId: string) => void,
): ItemResult[] {
  const items = members(jsonObject(call));
  if (items.length > 0) beforeChange(call.sandbox, envelope);
  return items.map(({ group, member }) => {
    const id = text.safeParse(member['recipientId']);
    const recipientId = id.success ? id.data : '';
    try {
      if (recipientId === '') throw invalidParameter("'recipientId' not set for recipient.");
      act(group, member, recipientId);
      return { recipientId, errorDetails: { errorCode: 'SUCCESS', message: '' } };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { recipientId, errorDetails: { errorCode: error.errorCode, message: error.message } };
    }
  });
}

function add(call: Call, envelope: Envelope, group: RecipientGroup, member: Record<string, unknown>): void {
  const recipient = readRecipient(call.sandbox, envelope, group, member);
  if (envelope.status !== 'created') checkComplete(recipient);
  checkTabs(call.sandbox, envelope.documents, recipient);
  envelope.recipients.push(recipient);
}

/** Name, address, order and the like; what a recipient did stays done. A new address is invited anew. */
function correct(
  call: Call,
  envelope: Envelope,
  recipient: Recipient,
  member: Record<string, unknown>,
  again: boolean,
): void {
  if (isFinished(recipient))
    throw invalidStatus(`The recipient '${recipient.recipientId}' is '${recipient.status}' and can't be changed.`);
  const given = readRecipient(call.sandbox, envelope, recipient.group, {
    ...recipientJson(recipient, false),
    ...Object.fromEntries(Object.entries(member).filter(([, value]) => value !== null)),
  });
  checkLength('name', given.name, 100);
  if (envelope.status !== 'created') checkEmail(given.email, given.recipientId);
  const moved = given.email !== recipient.email;
  recipient.name = given.name;
  recipient.email = given.email;
  if (recipient.status === 'created') recipient.routingOrder = given.routingOrder;
  if (member['clientUserId'] !== undefined) {
    if (given.clientUserId === undefined) delete recipient.clientUserId;
    else recipient.clientUserId = given.clientUserId;
  }
  for (const name of ['note', 'accessCode', 'emailNotification', 'deliveryMethod']) {
    if (member[name] !== undefined) recipient.extra[name] = asText(member[name]);
  }
  if (member['tabs'] !== undefined && envelope.status === 'created')
    recipient.tabs = readTabs(member['tabs'], tabIds(envelope));
  recordRecipient(call.sandbox, envelope, recipient, 'corrected');
  if (!isActive(recipient) || (!moved && !again)) return;
  if (moved) inviteAnew(call, recipient);
  resendTo(call.sandbox, envelope, recipient, call.emit);
}

/** Whoever reads mails at the new address has opened nothing yet. */
function inviteAnew(call: Call, recipient: Recipient): void {
  recipient.status = 'sent';
  delete recipient.deliveredAt;
  delete recipient.autoRespondedReason;
  recipient.sentAt = call.sandbox.clock.now();
}

/** A change of an envelope under way is a correction; those added may be due at once. */
function settle(call: Call, envelope: Envelope, results: readonly ItemResult[]): void {
  if (envelope.status === 'created' || !results.some((result) => result.errorDetails.errorCode === 'SUCCESS')) return;
  corrected(call, envelope);
  activateNext(call.sandbox, envelope, call.emit);
}

function corrected(call: Call, envelope: Envelope): void {
  note(call.sandbox, envelope, 'Corrected', sender(call.sandbox, envelope), 'The recipients were changed.');
  record(call.sandbox, envelope, 'corrected');
  call.emit(envelope, 'envelope-corrected');
}
