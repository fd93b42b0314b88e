/**
 * What signers left in their fields, from the tabs of a completed envelope. A tab is known by the label it was given;
 * where several fields of a recipient share one, by its place; and where that doesn't tell either, nothing is guessed.
 * Source: eSignature REST API v2.1 specification, `tabs`.
 * @module
 */
import type { FieldKind } from '../../model/words.ts';
import type { WantedField } from '../provider.ts';
import type { EnvelopePayload, TabPayload, TabsPayload } from './payload.ts';
import { toldRecipients, wordOf } from './read.ts';
import { isAt, labelOf } from './tabs.ts';
import { VALUE_GROUPS } from './words.ts';

/** By the field's ref. Of an envelope that isn't completed nothing is said: a signer may still change it. */
export function valuesOf(payload: EnvelopePayload, wanted: readonly WantedField[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (wordOf(payload.status) !== 'completed') return values;
  const tabs = new Map(toldRecipients(payload.recipients ?? {}).map(({ ref, payload: { tabs } }) => [ref, tabs]));
  for (const field of wanted) {
    const value = valueOf(field, wanted, tabs.get(field.recipientRef));
    if (value !== null) values.set(field.ref, value);
  }
  return values;
}

function valueOf(field: WantedField, all: readonly WantedField[], tabs: TabsPayload | null | undefined): string | null {
  const named = tabsNamed(field, tabs);
  const namesakes = all.filter(
    (other) =>
      other.recipientRef === field.recipientRef && other.kind === field.kind && labelOf(other) === labelOf(field),
  );
  const own = namesakes.length > 1 ? named.filter((tab) => isAt(field.place, tab)) : named;
  // An anchor that stands in several places makes several tabs of one field; tabs of one label share their text.
  const told = new Set((own.length > 0 ? own : named).map((tab) => contentOf(field.kind, tab)));
  const [value] = told;
  return told.size === 1 && value !== undefined ? value : null;
}

function tabsNamed(field: WantedField, tabs: TabsPayload | null | undefined): readonly TabPayload[] {
  const group = isValueKind(field.kind) ? tabs?.[VALUE_GROUPS[field.kind]] : null;
  return (group ?? []).filter(({ tabLabel }) => tabLabel === labelOf(field));
}

function isValueKind(kind: FieldKind): kind is keyof typeof VALUE_GROUPS {
  return Object.hasOwn(VALUE_GROUPS, kind);
}

function contentOf(kind: FieldKind, { selected, value }: TabPayload): string {
  if (kind === 'CHECKBOX') return String(selected?.toLowerCase() === 'true');
  return value ?? '';
}
