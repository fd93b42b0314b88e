/**
 * One envelope: read, and everything `PUT /envelopes/{id}` does.
 * @module
 */
import * as z from 'zod';
import { type Call, type Reply, envelopeOf, includes, jsonObject, ok, query } from './call.ts';
import { checkSendable } from './create.ts';
import { checkLength } from './definition.ts';
import { beforeChange, record } from './history.ts';
import { resend, send, voidEnvelope } from './lifecycle.ts';
import { envelopeJson } from './envelope-json.ts';
import { invalidBody, invalidParameter, invalidStatus } from './errors.ts';
import type { Envelope, Sandbox } from './state.ts';
import { isTrue, optionalText } from './values.ts';

export function getEnvelope(call: Call): Reply {
  return ok(envelopeJson(call.sandbox, envelopeOf(call), includes(call)));
}

const changeSchema = z.looseObject({
  status: optionalText,
  voidedReason: optionalText,
  emailSubject: optionalText,
  emailBlurb: optionalText,
  purgeState: optionalText,
  workflow: z.looseObject({ workflowStatus: optionalText }).nullish(),
});

export function putEnvelope(call: Call): Reply {
  const envelope = envelopeOf(call);
  const parsed = changeSchema.safeParse(jsonObject(call));
  if (!parsed.success) throw invalidBody();
  const change = parsed.data;
  if (isTrue(query(call, 'resend_envelope'))) resend(call.sandbox, envelope, call.emit);
  if (change.emailSubject !== undefined || change.emailBlurb !== undefined)
    changeMail(call, envelope, change.emailSubject, change.emailBlurb);
  if (change.purgeState !== undefined) purge(call, envelope, change.purgeState.toLowerCase());
  if (change.workflow?.workflowStatus !== undefined) envelope.workflowStatus = change.workflow.workflowStatus;
  if (change.status !== undefined) changeStatus(call, envelope, change.status.toLowerCase(), change.voidedReason);
  const { envelopeId, purgeState } = envelope;
  if (call.sandbox.settings.updateAnswer === 'success') return ok({ errorCode: '', message: 'SUCCESS' });
  return ok(change.purgeState === undefined ? { envelopeId } : { envelopeId, purgeState });
}

function changeStatus(call: Call, envelope: Envelope, status: string, voidedReason: string | undefined): void {
  if (status === 'voided') {
    if (voidedReason === undefined || voidedReason.trim() === '')
      throw invalidParameter("'voidedReason' must be given to void an envelope.");
    checkLength('voidedReason', voidedReason, 200);
    voidEnvelope(call.sandbox, envelope, voidedReason, call.emit);
  } else if (status === 'sent') {
    if (envelope.status !== 'created') throw invalidStatus('Only drafts can be sent.');
    checkSendable(call, envelope);
    send(call.sandbox, envelope, call.emit);
  } else if (status !== envelope.status) {
    throw invalidParameter('Invalid value specified for status.');
  }
}

function changeMail(call: Call, envelope: Envelope, subject: string | undefined, blurb: string | undefined): void {
  if (envelope.status !== 'created')
    throw invalidStatus('The mail of an envelope can be changed only while it is a draft.');
  checkLength('emailSubject', subject, 100);
  checkLength('emailBlurb', blurb, 10_000);
  beforeChange(call.sandbox, envelope);
  envelope.emailSubject = subject ?? envelope.emailSubject;
  envelope.emailBlurb = blurb ?? envelope.emailBlurb;
}

const PURGE_AFTER = 14 * 86_400_000;

/** Queued for 14 days, in which it can be taken back; then the bytes are gone. */
function purge(call: Call, envelope: Envelope, state: string): void {
  if (envelope.status !== 'completed') throw invalidStatus('Only completed envelopes can be purged.');
  if (!['documents_queued', 'documents_and_metadata_queued', 'documents_dequeued'].includes(state))
    throw invalidParameter('Invalid value specified for purgeState.');
  beforeChange(call.sandbox, envelope);
  envelope.purgeState = state;
  if (state === 'documents_dequeued') return;
  const { clock, agenda } = call.sandbox;
  agenda.add(clock.now() + PURGE_AFTER, { kind: 'purge', envelopeId: envelope.envelopeId, state });
}

/** Nothing when it was taken back, or queued in another way since. */
export function purgeDocuments(sandbox: Sandbox, envelope: Envelope, state: string): void {
  if (envelope.purgeState !== state) return;
  envelope.purgeState = state.replace('_queued', '_purged');
  envelope.documents = [];
  envelope.rendered.clear();
  record(sandbox, envelope, 'purged');
  sandbox.emit(envelope, 'envelope-purge');
}
