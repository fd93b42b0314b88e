/**
 * The legacy Connect message: `DocuSignEnvelopeInformation`. Its times carry no offset and are Pacific Standard
 * Time, which a receiver learns only when the subscription asks for the time zone.
 * @module
 */
import type { Envelope, Recipient, Sandbox, Tab } from './state.ts';
import type { Subscription } from './subscriptions.ts';
import { isTrue } from './values.ts';

const ZONE_HOURS = -8;

const TYPES: Record<string, string> = {
  signers: 'Signer',
  agents: 'Agent',
  editors: 'Editor',
  intermediaries: 'Intermediary',
  carbonCopies: 'CarbonCopy',
  certifiedDeliveries: 'CertifiedDelivery',
  inPersonSigners: 'InPersonSigner',
  seals: 'Seal',
  witnesses: 'Witness',
  notaries: 'Notary',
};

export function envelopeXml(sandbox: Sandbox, envelope: Envelope, subscription: Subscription): string {
  const user = sandbox.users.get(envelope.senderUserId);
  const status = [
    element('RecipientStatuses', envelope.recipients.map(recipientXml).join('')),
    leaf('TimeGenerated', time(sandbox.clock.now())),
    leaf('EnvelopeID', envelope.envelopeId),
    leaf('Subject', envelope.emailSubject),
    leaf('UserName', user?.name ?? ''),
    leaf('Email', user?.email ?? ''),
    leaf('Status', capital(envelope.status)),
    optional('Created', envelope.createdAt),
    optional('Sent', envelope.sentAt),
    optional('Delivered', envelope.deliveredAt),
    optional('Signed', envelope.completedAt),
    optional('Completed', envelope.completedAt),
    optional('Declined', envelope.declinedAt),
    optional('Voided', envelope.voidedAt),
    envelope.voidedReason === undefined ? '' : leaf('VoidReason', envelope.voidedReason),
    leaf('ACStatus', 'Original'),
    leaf('SigningLocation', 'Online'),
    '<EnvelopePDFHash />',
    element(
      'CustomFields',
      envelope.customFields.map((field) => customFieldXml(field.name, field.value, field.kind)).join(''),
    ),
    leaf('AutoNavigation', 'true'),
    leaf('EnvelopeIdStamping', 'true'),
    leaf('AuthoritativeCopy', 'false'),
    element(
      'DocumentStatuses',
      envelope.documents
        .map((document, index) =>
          element(
            'DocumentStatus',
            leaf('ID', document.documentId) +
              leaf('Name', document.name) +
              '<TemplateName />' +
              leaf('Sequence', String(index + 1)),
          ),
        )
        .join(''),
    ),
  ].join('');
  const zone = subscription.timeZone
    ? leaf('TimeZone', 'Pacific Standard Time') + leaf('TimeZoneOffset', String(ZONE_HOURS))
    : '';
  const files = subscription.includeData.has('documents')
    ? element(
        'DocumentPDFs',
        envelope.documents
          .map((document) =>
            element('DocumentPDF', leaf('Name', document.name) + leaf('PDFBytes', document.bytes.toString('base64'))),
          )
          .join(''),
      )
    : '';
  return (
    '<?xml version="1.0" encoding="utf-8"?><DocuSignEnvelopeInformation xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.docusign.net/API/3.0">' +
    `${element('EnvelopeStatus', status)}${zone}${files}</DocuSignEnvelopeInformation>`
  );
}

function recipientXml(recipient: Recipient): string {
  return element(
    'RecipientStatus',
    [
      leaf('Type', TYPES[recipient.group] ?? 'Signer'),
      leaf('Email', recipient.email),
      leaf('UserName', recipient.name),
      leaf('RoutingOrder', String(recipient.routingOrder)),
      optional('Sent', recipient.sentAt),
      optional('Delivered', recipient.deliveredAt),
      optional('Signed', recipient.signedAt),
      optional('Declined', recipient.declinedAt),
      recipient.declinedReason === undefined
        ? '<DeclineReason xsi:nil="true" />'
        : leaf('DeclineReason', recipient.declinedReason),
      leaf('Status', recipient.status === 'autoresponded' ? 'AutoResponded' : capital(recipient.status)),
      '<RecipientIPAddress />',
      '<CustomFields />',
      element(
        'TabStatuses',
        Object.entries(recipient.tabs)
          .flatMap(([group, tabs]) => tabs.map((tab) => tabXml(group, tab)))
          .join(''),
      ),
      leaf('AccountStatus', 'Active'),
      leaf('RecipientId', recipient.recipientIdGuid),
    ].join(''),
  );
}

function tabXml(group: string, tab: Tab): string {
  const type = capital(group.replace(/Tabs$/, ''));
  const value = group === 'checkboxTabs' ? (isTrue(tab['selected']) ? 'X' : '') : (tab['value'] ?? '');
  return element(
    'TabStatus',
    [
      leaf('TabType', type === 'Text' || type === 'Checkbox' ? 'Custom' : type),
      leaf('Status', tab['status'] === 'signed' || value !== '' ? 'Signed' : 'Active'),
      leaf('XPosition', tab['xPosition'] ?? '0'),
      leaf('YPosition', tab['yPosition'] ?? '0'),
      leaf('TabLabel', tab['tabLabel'] ?? ''),
      leaf('TabName', type),
      value === '' ? '<TabValue />' : leaf('TabValue', value),
      leaf('DocumentID', tab['documentId'] ?? ''),
      leaf('PageNumber', tab['pageNumber'] ?? '1'),
    ].join(''),
  );
}

function customFieldXml(name: string, value: string, kind: string): string {
  return element(
    'CustomField',
    leaf('Name', name) +
      leaf('Show', 'false') +
      leaf('Required', 'false') +
      leaf('Value', value) +
      leaf('CustomFieldType', capital(kind)),
  );
}

function optional(name: string, at: number | undefined): string {
  return at === undefined ? '' : leaf(name, time(at));
}

/** Local time of the zone, without a word about it. */
function time(at: number): string {
  return new Date(at + ZONE_HOURS * 3_600_000)
    .toISOString()
    .slice(0, 23)
    .replace(/\.?0+$/, '');
}

function element(name: string, inner: string): string {
  return inner === '' ? `<${name} />` : `<${name}>${inner}</${name}>`;
}

function leaf(name: string, value: string): string {
  return `<${name}>${escape(value)}</${name}>`;
}

/** XML 1.0 has no place for control characters: they go. */
function escape(value: string): string {
  return Array.from(value)
    .filter((character) => character >= ' ' || character === '\t' || character === '\n' || character === '\r')
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
