/**
 * PDFs with @cantoo/pdf-lib: page sizes of what comes in; stamped, combined and certificate files going out.
 * @module
 */
import { createHash } from 'node:crypto';
import { PDFDocument, type PDFFont, type PDFPage, StandardFonts, rgb } from '@cantoo/pdf-lib';
import type { Envelope, EnvelopeDocument, Tab } from './state.ts';
import { dateTime, isTrue } from './values.ts';

export interface Inspected {
  /** The same buffer for the same content, so that many envelopes with one file hold it once. */
  bytes: Buffer;
  pages: { width: number; height: number }[];
  readable: boolean;
}

/** US Letter, what a file that is no readable PDF is taken for. */
const LETTER = { width: 612, height: 792 };
const INK = rgb(0.07, 0.16, 0.42);
const GREY = rgb(0.4, 0.4, 0.45);

const CACHED_UP_TO = 1_000_000;
const known = new Map<string, Inspected>();

/** Load tests send the same file over and over, so answers are kept by hash, 256 at most. */
export async function inspect(bytes: Buffer): Promise<Inspected> {
  if (bytes.length > CACHED_UP_TO) return measure(bytes);
  const hash = createHash('sha1').update(bytes).digest('base64');
  const cached = known.get(hash);
  if (cached !== undefined) return cached;
  const inspected = await measure(bytes);
  if (known.size >= 256) known.clear();
  known.set(hash, inspected);
  return inspected;
}

async function measure(bytes: Buffer): Promise<Inspected> {
  const document = await openPdf(bytes);
  const pages = document?.getPages().map((page) => page.getSize()) ?? [];
  return document === undefined || pages.length === 0
    ? { bytes, pages: [LETTER], readable: false }
    : { bytes, pages, readable: true };
}

/** Undefined for encrypted, broken and other files. */
async function openPdf(bytes: Uint8Array): Promise<PDFDocument | undefined> {
  if (!Buffer.from(bytes.subarray(0, 1024)).includes('%PDF-')) return undefined;
  try {
    const document = await PDFDocument.load(bytes, { updateMetadata: false });
    // A broken page tree shows only when it is walked.
    return document.getPages().every((page) => page.getSize().width > 0) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** The file as it can be downloaded now: as it came until the end, then with every tab's content drawn in. */
export async function documentPdf(envelope: Envelope, document: EnvelopeDocument): Promise<Uint8Array> {
  if (envelope.status !== 'completed' || !document.readable) return document.bytes;
  const rendered = envelope.rendered.get(document.documentId);
  if (rendered !== undefined) return rendered;
  const pdf = await openPdf(document.bytes);
  if (pdf === undefined) return document.bytes;
  const bytes = await stamped(pdf, envelope, document);
  envelope.rendered.set(document.documentId, bytes);
  return bytes;
}

/** A file that opens but can't be drawn on is served as it came, like one that doesn't open. */
async function stamped(pdf: PDFDocument, envelope: Envelope, document: EnvelopeDocument): Promise<Uint8Array> {
  try {
    await stamp(pdf, envelope, document);
    return await pdf.save();
  } catch {
    return document.bytes;
  }
}

async function stamp(pdf: PDFDocument, envelope: Envelope, document: EnvelopeDocument): Promise<void> {
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const script = await pdf.embedFont(StandardFonts.TimesRomanItalic);
  for (const page of pdf.getPages())
    draw(page, font, `Docusign Envelope ID (sandbox): ${envelope.envelopeId.toUpperCase()}`, 16, 14, 7, GREY);
  for (const recipient of envelope.recipients) {
    for (const [group, tabs] of Object.entries(recipient.tabs)) {
      for (const tab of tabs) {
        if (tab['anchorString'] !== undefined || (tab['documentId'] ?? document.documentId) !== document.documentId)
          continue;
        const page = pdf.getPages()[Number(tab['pageNumber'] ?? '1') - 1];
        const content = tabContent(group, tab, recipient.name);
        const signature = group === 'signHereTabs' || group === 'initialHereTabs';
        if (page !== undefined)
          draw(
            page,
            signature ? script : font,
            content,
            Number(tab['xPosition'] ?? '0'),
            Number(tab['yPosition'] ?? '0') + 10,
            signature ? 16 : 10,
            INK,
          );
      }
    }
  }
}

function tabContent(group: string, tab: Tab, name: string): string {
  switch (group) {
    case 'signHereTabs':
      return `Signed by ${name}`;
    case 'initialHereTabs':
      return name
        .split(/\s+/)
        .map((word) => word.charAt(0))
        .join('');
    case 'checkboxTabs':
      return isTrue(tab['selected']) ? 'X' : '';
    default:
      return tab['value'] ?? '';
  }
}

/** `y` counts from the top of the page, as tabs do. */
function draw(
  page: PDFPage,
  font: PDFFont,
  content: string,
  x: number,
  y: number,
  size: number,
  color: ReturnType<typeof rgb>,
): void {
  page.drawText(drawable(content), { x, y: page.getHeight() - y, size, font, color });
}

/** The built-in fonts know Latin only; anything else becomes a question mark, never an error. */
function drawable(content: string): string {
  return content.replaceAll(/[^\u0020-\u007e\u00a1-\u00ff]/g, '?');
}

/** One PDF of all readable documents, with the certificate at the end when asked. */
export async function combinedPdf(envelope: Envelope, withCertificate: boolean): Promise<Uint8Array> {
  const combined = await PDFDocument.create();
  const files = await Promise.all(envelope.documents.map((document) => documentPdf(envelope, document)));
  if (withCertificate) files.push(await certificatePdf(envelope));
  for (const bytes of files) {
    const pdf = await openPdf(bytes);
    if (pdf === undefined) continue;
    for (const page of await combined.copyPages(pdf, pdf.getPageIndices())) combined.addPage(page);
  }
  if (combined.getPageCount() === 0) combined.addPage([LETTER.width, LETTER.height]);
  return combined.save();
}

/** Certificate of completion: who did what when. */
export async function certificatePdf(envelope: Envelope): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const bold = await pdf.embedFont(StandardFonts.HelveticaBold);
  let page = pdf.addPage([LETTER.width, LETTER.height]);
  let y = 60;
  const line = (content: string, size = 10, face = font): void => {
    if (y > LETTER.height - 60) {
      page = pdf.addPage([LETTER.width, LETTER.height]);
      y = 60;
    }
    draw(page, face, content, 54, y, size, INK);
    y += size + 6;
  };
  line('Certificate Of Completion', 20, bold);
  line('Made by a sandbox: proves nothing.', 9);
  line(`Envelope Id: ${envelope.envelopeId.toUpperCase()}`);
  line(`Subject: ${envelope.emailSubject}`);
  line(`Status: ${envelope.status}`);
  line(`Documents: ${envelope.documents.map((document) => document.name).join(', ')}`);
  y += 10;
  line('Recipients', 13, bold);
  for (const recipient of envelope.recipients) {
    line(`${recipient.name} <${recipient.email}>: ${recipient.status}`);
    line(
      `    sent ${dateTime(recipient.sentAt) ?? '-'}   viewed ${dateTime(recipient.deliveredAt) ?? '-'}   signed ${dateTime(recipient.signedAt) ?? '-'}`,
      8,
    );
  }
  y += 10;
  line('Record', 13, bold);
  for (const event of envelope.audit) line(`${dateTime(event.at)}   ${event.action}: ${event.message}`, 8);
  return pdf.save();
}
