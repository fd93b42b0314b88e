import { describe, expect, it } from 'vitest';
import type { ContentField } from '../../../src/model/envelope.ts';
import { draftDefinition } from '../../../src/providers/docusign/definition.ts';
import { tabsOf } from '../../../src/providers/docusign/tabs.ts';
import { COMMAND, contentOf, OUR_ID } from './fixtures.ts';

const NOW = new Date('2026-01-15T10:20:00Z');
const define = (change = {}, webhookUrl: string | null = null): Promise<Readonly<Record<string, unknown>>> =>
  draftDefinition(contentOf(change), COMMAND, webhookUrl, NOW);

const at = (x: number, y: number, size: { width: number | null; height: number | null }): ContentField['place'] => ({
  at: { document: 'lease', page: 2, x, y, ...size },
});
const NO_SIZE = { width: null, height: null };
const field = (change: Partial<ContentField>): ContentField => ({
  ref: 'fld_1',
  kind: 'SIGNATURE',
  label: null,
  required: true,
  value: null,
  place: at(100, 650, NO_SIZE),
  ...change,
});
const tabs = (...fields: ContentField[]): ReturnType<typeof tabsOf> =>
  tabsOf(fields, (key) => (key === 'lease' ? '7' : '?'));

describe('the draft that is asked for', () => {
  it('carries our ids, documents and recipients, and tells nobody yet', async () => {
    expect(await define()).toEqual({
      status: 'created',
      transactionId: COMMAND,
      emailSubject: 'Lease 4711',
      emailBlurb: 'Please sign by Friday.',
      documents: [
        {
          documentId: '1',
          name: 'lease.pdf',
          fileExtension: 'pdf',
          documentBase64: Buffer.from('%PDF-1.7 lease').toString('base64'),
        },
      ],
      recipients: {
        signers: [
          { recipientId: '1', routingOrder: '1', name: 'Bo Tenant', email: 'bo@tenant.example', tabs: {} },
          {
            recipientId: '2',
            routingOrder: '2',
            name: 'Cy Owner',
            email: 'cy@owner.example',
            clientUserId: 'user-88',
            tabs: {},
          },
        ],
        carbonCopies: [{ recipientId: '3', routingOrder: '3', name: 'Di Copy', email: 'di@copy.example' }],
      },
      customFields: {
        textCustomFields: [{ name: 'countersign', value: OUR_ID, show: 'false', required: 'false' }],
      },
    });
  });

  it('leaves out a message that there is not', async () => {
    expect(await define({ message: null })).not.toHaveProperty('emailBlurb');
  });

  it.each([
    ['2026-01-16T10:20:00Z', '1'],
    ['2026-01-16T10:20:01Z', '2'],
    ['2026-02-14T10:20:00Z', '30'],
    ['2026-01-15T10:21:00Z', '1'],
  ])('expires not before %s: after %s days', async (expiresAt, days) => {
    expect(await define({ expiresAt: new Date(expiresAt) })).toHaveProperty('notification', {
      useAccountDefaults: 'false',
      reminders: { reminderEnabled: 'false' },
      expirations: { expireEnabled: 'true', expireAfter: days, expireWarn: '0' },
    });
  });

  const reminders = { afterDays: 2, everyDays: 3 };
  it.each([
    ['nothing', {}, null, undefined],
    [
      'reminders alone, and leaves the expiry to the account',
      { reminders, expiryWarningDays: null },
      null,
      {
        useAccountDefaults: 'false',
        reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
      },
    ],
    [
      'reminders, expiry and warning',
      { reminders, expiryWarningDays: 4 },
      new Date('2026-02-14T10:20:00Z'),
      {
        useAccountDefaults: 'false',
        reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
        expirations: { expireEnabled: 'true', expireAfter: '30', expireWarn: '4' },
      },
    ],
  ])('asks for %s', async (_what, docusign, expiresAt, notification) => {
    const options = 'reminders' in docusign ? { docusign } : {};
    expect(Reflect.get(await define({ expiresAt, options }), 'notification')).toEqual(notification);
  });

  it('names where every event is to go, signed and acknowledged, without documents', async () => {
    const { eventNotification } = await define({}, 'https://hooks.example/k');
    expect(eventNotification).toMatchObject({
      url: 'https://hooks.example/k',
      requireAcknowledgment: 'true',
      includeHMAC: 'true',
      deliveryMode: 'SIM',
      eventData: { version: 'restv2.1', format: 'json', includeData: ['recipients', 'custom_fields'] },
    });
    const events: unknown = Reflect.get(Object(eventNotification), 'events');
    expect(events).toHaveLength(21);
    expect(events).toEqual(
      expect.arrayContaining([
        'envelope-voided',
        'envelope-corrected',
        'recipient-autoresponded',
        'recipient-completed',
      ]),
    );
  });

  it('is never made with a field on a document that there is not', async () => {
    const [signer] = contentOf().recipients;
    const place = { at: { document: 'annex', page: 1, x: 0, y: 0, ...NO_SIZE } };
    await expect(define({ recipients: [{ ...signer, fields: [field({ place })] }] })).rejects.toThrow("'annex'");
  });
});

describe('a field', () => {
  it('of each kind is a tab of its group, by its label or else our id', () => {
    const all = tabs(
      field({ kind: 'SIGNATURE', label: 'sig1' }),
      field({ kind: 'INITIALS', required: false }),
      field({ kind: 'DATE_SIGNED' }),
      field({ kind: 'TEXT', label: 'iban', value: 'DE00' }),
      field({ kind: 'CHECKBOX', value: 'true', required: false }),
      field({ kind: 'CHECKBOX' }),
    );
    const place = { documentId: '7', pageNumber: '2', xPosition: '100', yPosition: '650' };
    expect(all).toEqual({
      signHereTabs: [{ ...place, tabLabel: 'sig1', optional: 'false' }],
      initialHereTabs: [{ ...place, tabLabel: 'fld_1', optional: 'true' }],
      dateSignedTabs: [{ ...place, tabLabel: 'fld_1' }],
      textTabs: [{ ...place, tabLabel: 'iban', required: 'true', value: 'DE00' }],
      checkboxTabs: [
        { ...place, tabLabel: 'fld_1', required: 'false', selected: 'true' },
        { ...place, tabLabel: 'fld_1', required: 'true', selected: 'false' },
      ],
    });
  });

  it('stands at whole points', () => {
    expect(tabs(field({ place: at(99.5, 12.4, NO_SIZE) })).signHereTabs).toMatchObject([
      { xPosition: '100', yPosition: '12' },
    ]);
  });

  it('has a size only when it is text', () => {
    const sized = at(1, 2, { width: 120.2, height: 20 });
    expect(tabs(field({ kind: 'TEXT', place: sized })).textTabs).toMatchObject([{ width: '120', height: '20' }]);
    expect(tabs(field({ place: sized })).signHereTabs?.[0]).not.toHaveProperty('width');
  });

  it('at an anchor is offset in inches: 72 points each', () => {
    const anchor = { document: null, text: '/sig1/', dx: 36, dy: -6, ifMissing: 'REFUSE' } as const;
    expect(tabs(field({ place: { anchor } })).signHereTabs).toEqual([
      {
        anchorString: '/sig1/',
        anchorUnits: 'inches',
        anchorXOffset: '0.5',
        anchorYOffset: '-0.0833',
        anchorIgnoreIfNotPresent: 'false',
        anchorCaseSensitive: 'true',
        anchorMatchWholeWord: 'false',
        tabLabel: 'fld_1',
        optional: 'false',
      },
    ]);
  });

  it('at an anchor of one document that may be missing says both', () => {
    const anchor = { document: 'lease', text: '/in1/', dx: 0, dy: 0, ifMissing: 'SKIP' } as const;
    expect(tabs(field({ place: { anchor } })).signHereTabs).toMatchObject([
      { documentId: '7', anchorIgnoreIfNotPresent: 'true', anchorXOffset: '0' },
    ]);
  });
});
