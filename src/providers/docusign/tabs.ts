/**
 * Fields as tabs. A tab's position is in points from the top left of the page, as text; an anchor's offset says its
 * unit. Source: eSignature REST API v2.1 specification, `tabs`.
 * @module
 */
import type { ContentField, FieldPlace } from '../../model/envelope.ts';
import { TAB_GROUPS } from './words.ts';

export type Tab = Readonly<Record<string, string>>;
export type Tabs = Partial<Record<(typeof TAB_GROUPS)[keyof typeof TAB_GROUPS], Tab[]>>;

const POINTS_PER_INCH = 72;

/** `refOf` gives the provider's id of the document with a key. */
export function tabsOf(fields: readonly ContentField[], refOf: (key: string) => string): Tabs {
  const tabs: Tabs = {};
  for (const field of fields) {
    const group = (tabs[TAB_GROUPS[field.kind]] ??= []);
    group.push({ ...placeOf(field, refOf), ...settingsOf(field) });
  }
  return tabs;
}

/** What a field's tabs are called, and known by when their values are read: the sender's label, else our id. */
export function labelOf({ label, ref }: { readonly label: string | null; readonly ref: string }): string {
  return label ?? ref;
}

/** True when the tab stands where a field with this place was put. Numbers are told as text, maybe with decimals. */
export function isAt(
  place: FieldPlace,
  tab: Readonly<Partial<Record<'pageNumber' | 'xPosition' | 'yPosition', string | null | undefined>>>,
): boolean {
  if (!('at' in place)) return false;
  const { page, x, y } = place.at;
  const told = [tab.pageNumber, tab.xPosition, tab.yPosition].map((text) => Math.round(Number(text ?? Number.NaN)));
  return [page, Math.round(x), Math.round(y)].every((number, index) => number === told[index]);
}

function placeOf({ place, kind }: ContentField, refOf: (key: string) => string): Tab {
  if ('anchor' in place) return anchorOf(place.anchor, refOf);
  const { document, page, x, y, width, height } = place.at;
  return {
    documentId: refOf(document),
    pageNumber: String(page),
    xPosition: points(x),
    yPosition: points(y),
    // The other kinds have a size of their own.
    ...(kind === 'TEXT' && width !== null ? { width: points(width) } : {}),
    ...(kind === 'TEXT' && height !== null ? { height: points(height) } : {}),
  };
}

type Anchor = Extract<FieldPlace, { anchor: unknown }>['anchor'];

/** In inches, which are the same everywhere: whether an anchor's "pixel" is a point isn't written down. */
function anchorOf({ document, text, dx, dy, ifMissing }: Anchor, refOf: (key: string) => string): Tab {
  return {
    ...(document === null ? {} : { documentId: refOf(document) }),
    anchorString: text,
    anchorUnits: 'inches',
    anchorXOffset: inches(dx),
    anchorYOffset: inches(dy),
    anchorIgnoreIfNotPresent: String(ifMissing === 'SKIP'),
    anchorCaseSensitive: 'true',
    anchorMatchWholeWord: 'false',
  };
}

function settingsOf(field: ContentField): Tab {
  const { kind, required, value } = field;
  const named = { tabLabel: labelOf(field) };
  switch (kind) {
    case 'SIGNATURE':
    case 'INITIALS':
      return { ...named, optional: String(!required) };
    case 'TEXT':
      return { ...named, required: String(required), value: value ?? '' };
    case 'CHECKBOX':
      return { ...named, required: String(required), selected: String(value === 'true') };
    case 'DATE_SIGNED':
      return named;
  }
}

/** Whole points: positions are integers. */
function points(value: number): string {
  return String(Math.round(value));
}

function inches(value: number): string {
  return String(Number((value / POINTS_PER_INCH).toFixed(4)));
}
