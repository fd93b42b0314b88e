/**
 * The life of three envelopes, led by DocuSign's SDK.
 * @module
 */
import docusign from 'docusign-esign';
import { control, signEnvelope } from '../../../src/sandbox/docusign/control.ts';
import { refusalOf, type Session } from './session.ts';

const BO = { recipientId: '1', routingOrder: '1', name: 'Bo Tenant', email: 'bo@tenant.example' };
const CY = {
  recipientId: '2',
  routingOrder: '2',
  name: 'Cy Owner',
  email: 'cy@owner.example',
  clientUserId: 'user-88',
};
const RETURN = 'https://app.example/signed?req=1';

export function definition(status: 'created' | 'sent', documentBase64: string, more: object = {}): object {
  const sign = { documentId: '1', pageNumber: '1', xPosition: '100', yPosition: '650', tabLabel: 'sig1' };
  const iban = {
    documentId: '1',
    pageNumber: '1',
    xPosition: '100',
    yPosition: '500',
    tabLabel: 'iban',
    required: 'true',
  };
  return {
    status,
    emailSubject: 'Lease 4711',
    emailBlurb: 'Please sign by Friday.',
    documents: [{ documentId: '1', name: 'lease.pdf', fileExtension: 'pdf', documentBase64 }],
    recipients: { signers: [{ ...BO, tabs: { signHereTabs: [sign], textTabs: [iban] } }, CY] },
    customFields: { textCustomFields: [{ name: 'gatewayRef', value: 'req_01J', show: 'false' }] },
    ...more,
  };
}

/** A draft, read, corrected, sent, signed by both and downloaded. */
export async function signOne({ client, accountId, url, seen }: Session, pdf: string): Promise<void> {
  const api = new docusign.EnvelopesApi(client);
  const transactionId = '7d0c4a58-6e7c-4b5e-9d38-6f6f4f0a9e01';
  const draft = await api.createEnvelope(accountId, {
    envelopeDefinition: definition('created', pdf, { transactionId }),
  });
  const { envelopeId } = draft;
  seen['draft'] = draft;
  seen['draftRead'] = await api.getEnvelope(accountId, envelopeId, { include: 'recipients,custom_fields' });
  seen['byTransaction'] = await api.listStatusChanges(accountId, { transactionIds: transactionId });
  seen['added'] = await api.createRecipient(accountId, envelopeId, {
    recipients: { carbonCopies: [{ recipientId: '3', routingOrder: '3', name: 'Di Copy', email: 'di@copy.example' }] },
  });
  seen['release'] = await api.update(accountId, envelopeId, { envelope: { status: 'sent' } });
  seen['recipients'] = await api.listRecipients(accountId, envelopeId, { includeTabs: 'true' });
  const view = {
    returnUrl: RETURN,
    authenticationMethod: 'none',
    clientUserId: 'user-88',
    userName: CY.name,
    email: CY.email,
  };
  const openView = (more: object = {}): Promise<{ url: string }> =>
    api.createRecipientView(accountId, envelopeId, { recipientViewRequest: { ...view, ...more } });
  seen['viewTooEarly'] = await refusalOf(openView());
  seen['viewOfStranger'] = await refusalOf(openView({ userName: 'Eve' }));
  seen['signedOne'] = await signEnvelope(url, envelopeId, { recipientId: '1', tabs: { iban: 'DE00' } });
  const { url: signingUrl } = await openView();
  seen['signingPage'] = (await fetch(signingUrl)).status;
  seen['signedAll'] = await signEnvelope(url, envelopeId);
  seen['completed'] = await api.getEnvelope(accountId, envelopeId, { include: 'recipients' });
  seen['documents'] = await api.listDocuments(accountId, envelopeId);
  for (const id of ['1', 'combined', 'certificate', 'archive']) {
    const bytes = await api.getDocument(accountId, envelopeId, id);
    seen[`document ${id}`] = { isBuffer: Buffer.isBuffer(bytes), start: bytes.subarray(0, 4).toString('latin1') };
  }
  seen['noDocument'] = await refusalOf(api.getDocument(accountId, envelopeId, '9'));
  seen['audit'] = await api.listAuditEvents(accountId, envelopeId);
  seen['customFields'] = await api.listCustomFields(accountId, envelopeId);
  seen['formData'] = await api.getFormData(accountId, envelopeId);
  seen['voidTooLate'] = await refusalOf(
    api.update(accountId, envelopeId, { envelope: { status: 'voided', voidedReason: 'Too late' } }),
  );
}

/** One sent at once, its notification and a recipient changed, sent again, voided; and both in lists. */
export async function voidOne({ client, accountId, url, seen }: Session, pdf: string): Promise<void> {
  const api = new docusign.EnvelopesApi(client);
  const fromDate = new Date(Date.now() - 3_600_000).toISOString();
  const notification = {
    useAccountDefaults: 'false',
    reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '2' },
    expirations: { expireEnabled: 'true', expireAfter: '30', expireWarn: '3' },
  };
  const sent = await api.createEnvelope(accountId, { envelopeDefinition: definition('sent', pdf, { notification }) });
  const { envelopeId } = sent;
  seen['sent'] = sent;
  seen['notification'] = await api.getNotificationSettings(accountId, envelopeId);
  seen['notificationAfter'] = await api.updateNotificationSettings(accountId, envelopeId, {
    envelopeNotificationRequest: { expirations: { expireEnabled: 'true', expireAfter: '60', expireWarn: '0' } },
  });
  seen['corrected'] = await api.updateRecipients(accountId, envelopeId, {
    recipients: {
      signers: [
        { recipientId: '1', email: 'bo@elsewhere.example' },
        { recipientId: '9', email: 'x@y.example' },
      ],
    },
  });
  seen['remindedOne'] = await api.updateRecipients(accountId, envelopeId, {
    recipients: { signers: [{ recipientId: '1' }] },
    resendEnvelope: 'true',
  });
  seen['recipientsAfter'] = await api.listRecipients(accountId, envelopeId);
  seen['removed'] = await api.deleteRecipient(accountId, envelopeId, '2');
  seen['resent'] = await api.update(accountId, envelopeId, { resendEnvelope: 'true' });
  const voiding = { envelope: { status: 'voided', voidedReason: 'Superseded by lease 4712' } };
  seen['mails'] = await control(url, 'GET', `/ledger?kind=mail&envelopeId=${envelopeId}`);
  seen['void'] = await api.update(accountId, envelopeId, voiding);
  seen['voided'] = await api.getEnvelope(accountId, envelopeId);
  seen['voidAgain'] = await refusalOf(api.update(accountId, envelopeId, voiding));
  seen['resendTooLate'] = await refusalOf(api.update(accountId, envelopeId, { resendEnvelope: 'true' }));
  seen['correctTooLate'] = await refusalOf(
    api.updateRecipients(accountId, envelopeId, { recipients: { signers: [{ recipientId: '1', name: 'Late' }] } }),
  );

  const other = await api.createEnvelope(accountId, { envelopeDefinition: definition('created', pdf) });
  const ids = [envelopeId, other.envelopeId];
  seen['ids'] = ids;
  seen['byIds'] = await api.listStatusChanges(accountId, { envelopeIds: ids.join(','), include: 'recipients' });
  seen['byIdArray'] = await api.listStatusChanges(accountId, { envelopeIds: ids });
  seen['byTime'] = await api.listStatusChanges(accountId, { fromDate, count: '1', orderBy: 'created', order: 'desc' });
  seen['none'] = await api.listStatusChanges(accountId, { fromDate, status: 'declined' });
  seen['batch'] = await api.listStatus(accountId, {
    envelopeIds: 'request_body',
    envelopeIdsRequest: { envelopeIds: ids },
  });
}

/** What the SDK is told when it asks for what can't be. */
export async function meetErrors({ client, accountId, url, seen }: Session, pdf: string): Promise<void> {
  const api = new docusign.EnvelopesApi(client);
  const unknown = '00000000-0000-4000-8000-000000000000';
  seen['unknownEnvelope'] = await refusalOf(api.getEnvelope(accountId, unknown));
  seen['noGuid'] = await refusalOf(api.getEnvelope(accountId, 'lease'));
  seen['noSelector'] = await refusalOf(api.listStatusChanges(accountId));
  seen['otherAccount'] = await refusalOf(api.listStatusChanges(unknown, { fromDate: '2026-01-01' }));
  const twice = { recipients: { signers: [BO, BO] } };
  seen['twice'] = await refusalOf(
    api.createEnvelope(accountId, { envelopeDefinition: definition('sent', pdf, twice) }),
  );
  const { envelopeId } = await api.createEnvelope(accountId, { envelopeDefinition: definition('created', pdf) });
  seen['headers'] = await new Promise((resolve, reject) => {
    api.getEnvelope(accountId, envelopeId, {}, (error, _data, response) => {
      if (error) reject(error);
      else resolve(Object.fromEntries(Object.entries(response.headers).filter(([name]) => name.startsWith('x-'))));
    });
  });
  await control(url, 'PUT', '/limits', { hourly: 0 });
  seen['limit'] = await refusalOf(api.getEnvelope(accountId, envelopeId));
  await control(url, 'PUT', '/limits', {});
  await control(url, 'DELETE', '/tokens');
  seen['expiredToken'] = await refusalOf(api.getEnvelope(accountId, envelopeId));
}
