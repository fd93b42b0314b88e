/**
 * Reads a PDF: its pages, and where texts stand. Runs in a worker thread alone (inspect-worker.ts): a PDF is a stranger's
 * program, and may take any time.
 * @module
 */
import { getDocument, OPS, type PDFDocumentProxy, type PDFPageProxy } from 'unpdf/pdfjs';
import { findText, isDecoded, lettersOf, type TextRun } from './find-text.ts';
import type { FoundText, Inspection, InspectionRequest, PageSize, TextPlace } from './inspection.ts';

/** Places told of one text. */
const MAX_PLACES = 100;
const PICTURES: ReadonlySet<number> = new Set([
  OPS.paintImageXObject,
  OPS.paintInlineImageXObject,
  OPS.paintImageMaskXObject,
]);

export async function readPdf({ bytes, texts, pages }: InspectionRequest): Promise<Inspection> {
  const loading = getDocument({
    // A copy: the reader takes what it is given.
    data: Uint8Array.from(bytes),
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
    verbosity: 0,
  });
  try {
    const pdf = await loading.promise;
    // Null unless the file is encrypted, also when it opens without a password.
    if ((await pdf.getPermissions()) !== null) return { kind: 'ENCRYPTED' };
    const sizes = await Promise.all(
      pages.filter((page) => page >= 1 && page <= pdf.numPages).map((page) => sizeOf(pdf, page)),
    );
    const search = await searchPages(pdf, texts);
    const decoded = search.texts.every(({ count }) => count > 0) || (search.decoded && !(await hasSilentFonts(bytes)));
    return { kind: 'READ', pageCount: pdf.numPages, pages: sizes, texts: search.texts, decoded };
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') return { kind: 'ENCRYPTED' };
    return { kind: 'UNREAD', why: 'BROKEN' };
  } finally {
    await loading.destroy();
  }
}

/** Loaded when a text is missing and not before: most PDFs never need it, and the first one waits for what is loaded. */
async function hasSilentFonts(bytes: Uint8Array): Promise<boolean> {
  const { hasUndecodableFonts } = await import('./pdf-fonts.ts');
  return hasUndecodableFonts(bytes);
}

async function sizeOf(pdf: PDFDocumentProxy, number: number): Promise<PageSize> {
  const page = await pdf.getPage(number);
  const { width, height } = page.getViewport({ scale: 1 });
  return { page: number, width, height };
}

async function searchPages(
  pdf: PDFDocumentProxy,
  texts: readonly string[],
): Promise<{ texts: FoundText[]; decoded: boolean }> {
  const found = texts.map((text) => ({ text, count: 0, places: [] as TextPlace[] }));
  let decoded = true;
  for (let number = 1; texts.length > 0 && number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const runs = await runsOf(page);
    const letters = lettersOf(runs);
    for (const one of found) {
      const places = findText(letters, one.text);
      one.count += places.length;
      one.places.push(...places.slice(0, MAX_PLACES - one.places.length).map(({ x, y }) => ({ page: number, x, y })));
    }
    decoded &&= letters.length > 0 ? runs.every(({ text }) => isDecoded(text)) : !(await hasPictures(page));
    page.cleanup();
  }
  return { texts: found, decoded };
}

async function runsOf(page: PDFPageProxy): Promise<TextRun[]> {
  const viewport = page.getViewport({ scale: 1 });
  const { items } = await page.getTextContent();
  return items.flatMap((item) => {
    if (!('str' in item)) return [];
    const [a = 1, b = 0, , , e = 0, f = 0]: number[] = item.transform;
    const scale = item.width / (Math.hypot(a, b) || 1);
    const [x = 0, y = 0]: number[] = viewport.convertToViewportPoint(e, f);
    const [endX = 0, endY = 0]: number[] = viewport.convertToViewportPoint(e + a * scale, f + b * scale);
    return [{ text: item.str, x, y, dx: endX - x, dy: endY - y }];
  });
}

/** A page without text that holds a picture is a scan. */
async function hasPictures(page: PDFPageProxy): Promise<boolean> {
  const { fnArray } = await page.getOperatorList();
  return fnArray.some((operator: number) => PICTURES.has(operator));
}
