/**
 * The smaller resources of one envelope: audit events, notification, custom fields, form data.
 * @module
 */
import { isEnded } from './progress.ts';
import { type Call, type Reply, envelopeOf, jsonObject, ok } from './call.ts';
import { readCustomFields, readNotification } from './definition.ts';
import { beforeChange } from './history.ts';
import { scheduleExpiry } from './lifecycle.ts';
import { customFieldsJson } from './envelope-json.ts';
import { invalidStatus } from './errors.ts';
import type { CustomField, Envelope, Notification } from './state.ts';
import { formData } from './tabs.ts';
import { dateTime } from './values.ts';

export function getAuditEvents(call: Call): Reply {
  const envelope = envelopeOf(call);
  return ok({
    auditEvents: envelope.audit.map((event) => ({
      eventFields: Object.entries({
        logTime: dateTime(event.at),
        Source: 'Sandbox',
        UserName: event.userName,
        UserId: event.userId,
        Action: event.action,
        Message: event.message,
        EnvelopeStatus: event.envelopeStatus,
        ClientIPAddress: '127.0.0.1',
        Information: '',
        Language: 'English',
      }).map(([name, value]) => ({ name, value })),
    })),
  });
}

export function getNotification(call: Call): Reply {
  return ok(notificationJson(envelopeOf(call).notification));
}

export function putNotification(call: Call): Reply {
  const envelope = envelopeOf(call);
  if (isEnded(envelope)) throw invalidStatus(`The envelope is '${envelope.status}'.`);
  const notification = readNotification(jsonObject(call), envelope.notification);
  beforeChange(call.sandbox, envelope);
  envelope.notification = notification;
  scheduleExpiry(call.sandbox, envelope);
  return ok(notificationJson(notification));
}

export function notificationJson(notification: Notification): Record<string, unknown> {
  return {
    useAccountDefaults: String(notification.useAccountDefaults),
    reminders: {
      reminderEnabled: String(notification.reminderEnabled),
      reminderDelay: String(notification.reminderDelay),
      reminderFrequency: String(notification.reminderFrequency),
    },
    expirations: {
      expireEnabled: String(notification.expireEnabled),
      expireAfter: String(notification.expireAfter),
      expireWarn: String(notification.expireWarn),
    },
  };
}

export function getCustomFields(call: Call): Reply {
  return ok(customFieldsJson(envelopeOf(call).customFields));
}

/** Adds; a field that is already there by name gets the new value. */
export function postCustomFields(call: Call): Reply {
  const envelope = envelopeOf(call);
  const fields = merge(call, envelope, (given, existing) => given.name === existing.name);
  return { status: 201, json: customFieldsJson(fields) };
}

/** Changes, by `fieldId`. */
export function putCustomFields(call: Call): Reply {
  const envelope = envelopeOf(call);
  return ok(customFieldsJson(merge(call, envelope, (given, existing) => given.fieldId === existing.fieldId)));
}

function merge(
  call: Call,
  envelope: Envelope,
  same: (given: CustomField, existing: CustomField) => boolean,
): CustomField[] {
  if (isEnded(envelope)) throw invalidStatus(`The envelope is '${envelope.status}'.`);
  let next = Math.max(10_000, ...envelope.customFields.map((field) => Number(field.fieldId) || 0));
  const fields = readCustomFields(jsonObject(call), () => String((next += 1)));
  beforeChange(call.sandbox, envelope);
  for (const field of fields) {
    const existing = envelope.customFields.find((candidate) => same(field, candidate));
    if (existing === undefined) envelope.customFields.push(field);
    else Object.assign(existing, { ...field, fieldId: existing.fieldId });
  }
  return fields;
}

export function getFormData(call: Call): Reply {
  const envelope = envelopeOf(call);
  return ok({
    envelopeId: envelope.envelopeId,
    emailSubject: envelope.emailSubject,
    status: envelope.status,
    ...(envelope.sentAt === undefined ? {} : { sentDateTime: dateTime(envelope.sentAt) }),
    formData: envelope.recipients.flatMap(formData),
    recipientFormData: envelope.recipients.map((recipient) => ({
      recipientId: recipient.recipientId,
      name: recipient.name,
      email: recipient.email,
      SentTime: dateTime(recipient.sentAt),
      DeliveredTime: dateTime(recipient.deliveredAt),
      SignedTime: dateTime(recipient.signedAt),
      formData: formData(recipient),
    })),
  });
}
