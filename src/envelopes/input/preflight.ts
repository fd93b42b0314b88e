/**
 * Looks into the PDFs before anyone gets a mail: are the pages there that fields stand on, are the texts there that
 * fields hang on, would a provider refuse the file. What can't be told is a warning, never a refusal.
 * @module
 */
import type { Database } from '../../db/client.ts';
import type { FoundText, Inspection } from '../../documents/inspection.ts';
import type { Inspector } from '../../documents/inspector.ts';
import { readWhole } from '../../documents/store.ts';
import type { FieldPlace } from '../../model/envelope.ts';
import { MAX_ANCHOR_TEXT } from '../../model/limits.ts';
import type { InputWarning, WarningCode } from '../../model/problems.ts';
import type { World } from '../../world.ts';
import type { EnvelopeInput } from './input.ts';
import type { Issues } from './issues.ts';
import type { CheckedDocument } from './validate-documents.ts';

export interface PreflightDeps {
  readonly database: Database;
  readonly world: World;
  readonly inspector: Inspector;
}

/** What was seen; faults are in the issues. */
export interface Preflight {
  readonly warnings: readonly InputWarning[];
  readonly documents: readonly PreflightDocument[];
}

export interface PreflightDocument {
  readonly key: string;
  /** Null when it could not be read. */
  readonly pageCount: number | null;
  /** Of the texts that fields are placed at. */
  readonly anchors: readonly FoundText[];
}

/** Milliseconds for all documents of an envelope together. */
const TIME_MS = 20_000;
/** Points that a field may reach over the edge: sizes of pages are rounded everywhere. */
const TOLERANCE = 1;

interface Placed {
  readonly place: FieldPlace;
  readonly path: readonly (string | number)[];
}

/** `issues` stand at the content of the envelope. */
export async function preflight(
  deps: PreflightDeps,
  tenantId: string,
  input: EnvelopeInput,
  documents: readonly CheckedDocument[],
  issues: Issues,
): Promise<Preflight> {
  const placed = input.recipients.flatMap(({ fields }, recipient) =>
    fields.map(({ place }, field) => ({ place, path: ['recipients', recipient, 'fields', field, 'place'] })),
  );
  const inspections = await inspectAll(deps, tenantId, documents, placed);
  const warnings: InputWarning[] = [];
  const warn = (code: WarningCode, path: readonly (string | number)[], message: string): void =>
    void warnings.push({ code, message, path: issues.under(...path).path });

  for (const [key, inspection] of inspections) {
    const path = ['documents', input.documents.findIndex((document) => document.key === key), 'source'];
    if (inspection.kind === 'ENCRYPTED') {
      const fix = 'Print or save it without a password and without restrictions, and give that file.';
      issues.add('FILE_ENCRYPTED', path, 'This PDF is encrypted, and providers refuse it.', fix);
    } else if (inspection.kind === 'UNREAD') warn('FILE_NOT_READ', path, UNREAD[inspection.why]);
  }
  const isWhole = documents.length === input.documents.length;
  for (const { place, path } of placed) {
    if ('at' in place) checkPosition(place.at, inspections.get(place.at.document), issues.under(...path, 'at'));
    else
      checkAnchor(place.anchor, inspections, isWhole, issues.under(...path, 'anchor'), (code, message) =>
        warn(code, [...path, 'anchor', 'text'], message),
      );
  }
  return { warnings, documents: documents.map(({ key }) => toldOf(key, inspections.get(key))) };
}

const UNREAD: Readonly<Record<Extract<Inspection, { kind: 'UNREAD' }>['why'], string>> = {
  BROKEN: 'This PDF could not be read here, so the places of its fields were not checked.',
  OVERRUN: 'Reading this PDF took too long, so the places of its fields were not checked.',
  BUSY: 'Too many PDFs were waiting to be read, so the places of its fields were not checked.',
};

function toldOf(key: string, inspection: Inspection | undefined): PreflightDocument {
  if (inspection?.kind !== 'READ') return { key, pageCount: null, anchors: [] };
  return { key, pageCount: inspection.pageCount, anchors: inspection.texts };
}

/** By the documents' keys. One after the other, so that one is in memory at a time. */
async function inspectAll(
  { database, world, inspector }: PreflightDeps,
  tenantId: string,
  documents: readonly CheckedDocument[],
  placed: readonly Placed[],
): Promise<Map<string, Inspection>> {
  const began = world.monotonic();
  const inspections = new Map<string, Inspection>();
  for (const { key, content } of documents) {
    if (world.monotonic() - began > TIME_MS) {
      inspections.set(key, { kind: 'UNREAD', why: 'OVERRUN' });
      continue;
    }
    const bytes =
      'bytes' in content
        ? content.bytes
        : await database.withTenants([tenantId], (tx) => readWhole(tx, tenantId, content.documentId));
    inspections.set(key, await inspector.inspect({ bytes, ...wantedOf(key, placed) }));
  }
  return inspections;
}

function wantedOf(key: string, placed: readonly Placed[]): { texts: string[]; pages: number[] } {
  const texts = new Set<string>();
  const pages = new Set<number>();
  for (const { place } of placed) {
    if ('at' in place) {
      if (place.at.document === key) pages.add(place.at.page);
    } else if (isSearchable(place.anchor.text) && [null, key].includes(place.anchor.document))
      texts.add(place.anchor.text);
  }
  return { texts: [...texts], pages: [...pages] };
}

function isSearchable(text: string): boolean {
  return text.trim() !== '' && text.length <= MAX_ANCHOR_TEXT;
}

type Position = Extract<FieldPlace, { at: object }>['at'];
type Anchor = Extract<FieldPlace, { anchor: object }>['anchor'];

function checkPosition(
  { page, x, y, width, height }: Position,
  inspection: Inspection | undefined,
  issues: Issues,
): void {
  if (inspection?.kind !== 'READ' || page < 1) return;
  const { pageCount, pages } = inspection;
  const size = pages.find((one) => one.page === page);
  if (!size) {
    const message = `The document has ${pageCount === 1 ? 'one page' : `${pageCount} pages`}, and no page ${page}.`;
    return issues.add('OUT_OF_RANGE', ['page'], message);
  }
  const over = (axis: 'x' | 'y', from: number, length: number | null, end: number, what: string): void => {
    if (from + (length ?? 0) <= end + TOLERANCE) return;
    issues.add(
      'OUT_OF_RANGE',
      [axis],
      `The field ends at ${round(from + (length ?? 0))}, and page ${page} is ${round(end)} points ${what}.`,
    );
  };
  over('x', x, width, size.width, 'wide');
  over('y', y, height, size.height, 'high');
}

function checkAnchor(
  { document, text, ifMissing }: Anchor,
  inspections: ReadonlyMap<string, Inspection>,
  isWhole: boolean,
  issues: Issues,
  warn: (code: WarningCode, message: string) => void,
): void {
  // A text with a fault of its own was not looked for.
  if (ifMissing === 'SKIP' || !isSearchable(text)) return;
  const searched = document === null ? [...inspections.values()] : [inspections.get(document)];
  const isThere = searched.some(
    (one) => one?.kind === 'READ' && one.texts.some((found) => found.text === text && found.count > 0),
  );
  // A document that has a fault of its own is not judged here.
  if (isThere || (document === null && !isWhole) || searched.some((one) => one?.kind !== 'READ')) return;
  if (searched.every((one) => one?.kind === 'READ' && one.decoded)) {
    const where = document === null ? 'in any document' : `in the document "${document}"`;
    const fix = 'Check spelling and upper and lower case, or let the field be skipped by `ifMissing: SKIP`.';
    return issues.add('ANCHOR_MISSING', ['text'], `The text "${text}" is not ${where}.`, fix);
  }
  warn(
    'TEXT_NOT_DECODED',
    `The text "${text}" was not found, but it may be there: some of this document's text can't be read for sure. It is a picture, in form fields or annotations, in fonts that don't say their letters, drawn twice, turned or out of order, or in a script that need not be drawn in its order.`,
  );
}

function round(points: number): number {
  return Math.round(points * 100) / 100;
}
