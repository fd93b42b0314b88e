import { describe, expect, it } from 'vitest';
import { envelope } from '../../../src/providers/docusign/payload.ts';
import { valuesOf } from '../../../src/providers/docusign/values.ts';
import type { WantedField } from '../../../src/providers/provider.ts';

const field = (change: Partial<WantedField> & { y?: number } = {}): WantedField => {
  const { y = 20, ...rest } = change;
  const place = { at: { document: 'lease', page: 1, x: 10.4, y, width: null, height: null } };
  return { ref: 'fld_1', recipientRef: '1', kind: 'TEXT', label: 'iban', place, ...rest };
};
const payload = (tabs: unknown, status = 'completed') =>
  envelope.parse({ envelopeId: 'e', status, recipients: { signers: [{ recipientId: '1', tabs }] } });
const told = (tabs: unknown, ...fields: WantedField[]) => Object.fromEntries(valuesOf(payload(tabs), fields));

const placed = (yPosition: string, value: string) => {
  return { tabLabel: 'iban', pageNumber: '1', xPosition: '10', yPosition, value };
};

describe('the values of fields', () => {
  it('are those of the tabs with their label', () => {
    const tabs = {
      textTabs: [
        { tabLabel: 'other', value: 'x' },
        { tabLabel: 'iban', value: 'DE00' },
      ],
      checkboxTabs: [{ tabLabel: 'pets', selected: 'True' }],
      dateSignedTabs: [{ tabLabel: 'fld_3', value: '1/15/2026' }],
    };
    const pets = field({ ref: 'fld_2', kind: 'CHECKBOX', label: 'pets' });
    const date = field({ ref: 'fld_3', kind: 'DATE_SIGNED', label: null });
    expect(told(tabs, field(), pets, date)).toEqual({ fld_1: 'DE00', fld_2: 'true', fld_3: '1/15/2026' });
  });

  it('are empty text and an empty box where nothing was filled', () => {
    const tabs = { textTabs: [{ tabLabel: 'iban' }], checkboxTabs: [{ tabLabel: 'iban' }] };
    expect(told(tabs, field(), field({ ref: 'fld_2', kind: 'CHECKBOX' }))).toEqual({ fld_1: '', fld_2: 'false' });
  });

  it('of fields that share a label are told apart by their places', () => {
    const tabs = { textTabs: [placed('40', 'second'), placed('20.0', 'first')] };
    expect(told(tabs, field(), field({ ref: 'fld_2', y: 40 }))).toEqual({ fld_1: 'first', fld_2: 'second' });
  });

  it('that can not be told apart are not guessed', () => {
    const tabs = {
      textTabs: [
        { tabLabel: 'iban', value: 'a' },
        { tabLabel: 'iban', value: 'b' },
      ],
    };
    expect(told(tabs, field(), field({ ref: 'fld_2' }))).toEqual({});
  });

  it('of one field at several places are told when all of them say the same', () => {
    const same = {
      textTabs: [
        { tabLabel: 'iban', value: 'a' },
        { tabLabel: 'iban', value: 'a' },
      ],
    };
    expect(told(same, field())).toEqual({ fld_1: 'a' });
    const different = {
      textTabs: [
        { tabLabel: 'iban', value: 'a' },
        { tabLabel: 'iban', value: 'b' },
      ],
    };
    expect(told(different, field())).toEqual({});
  });

  it('are those of the field’s own recipient', () => {
    const tabs = { textTabs: [{ tabLabel: 'iban', value: 'theirs' }] };
    expect(told(tabs, field({ recipientRef: '2' }))).toEqual({});
  });

  it('are not told before all is over, since a signer may still change them', () => {
    const tabs = { textTabs: [{ tabLabel: 'iban', value: 'DE00' }] };
    expect(valuesOf(payload(tabs, 'delivered'), [field()]).size).toBe(0);
  });

  it.each([null, 'text', { textTabs: 'no list' }])('of tabs that can not be read, %j, are not there', (tabs) => {
    expect(told(tabs, field())).toEqual({});
  });
});
