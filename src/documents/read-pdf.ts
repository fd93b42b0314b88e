/**
 * Reads a PDF: its pages, and where texts stand. Runs in a worker thread alone (inspect-worker.ts): a PDF is a stranger's
 * program, and may take any time.
 * @module
 */
import type { PDFDocumentProxy } from 'unpdf/pdfjs';
import { findText } from './find-text.ts';
import type { FoundText, Inspection, InspectionRequest, PageSize, TextPlace } from './inspection.ts';
import { openPdf } from './open-pdf.ts';
import { contentOf } from './page-content.ts';
import { pageTextOf } from './page-text.ts';

/** Places told of one text. */
const MAX_PLACES = 100;

export async function readPdf({ bytes, texts, pages }: InspectionRequest): Promise<Inspection> {
  const loading = openPdf(bytes, { withPictures: false });
  try {
    const pdf = await loading.promise;
    // Null unless the file is encrypted, also when it opens without a password.
    if ((await pdf.getPermissions()) !== null) return { kind: 'ENCRYPTED' };
    const sizes = await Promise.all(
      pages.filter((page) => page >= 1 && page <= pdf.numPages).map((page) => sizeOf(pdf, page)),
    );
    const search = await searchPages(pdf, texts);
    const decoded = search.texts.every(({ count }) => count > 0) || (search.isPlain && !(await hasOtherText(bytes)));
    return { kind: 'READ', pageCount: pdf.numPages, pages: sizes, texts: search.texts, decoded };
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') return { kind: 'ENCRYPTED' };
    return { kind: 'UNREAD', why: 'BROKEN' };
  } finally {
    await loading.destroy();
  }
}

/** Loaded when a text is missing and not before: most PDFs never need it, and the first one waits for what is loaded. */
async function hasOtherText(bytes: Uint8Array): Promise<boolean> {
  const { mayHoldOtherText } = await import('./other-text.ts');
  return mayHoldOtherText(bytes);
}

async function sizeOf(pdf: PDFDocumentProxy, number: number): Promise<PageSize> {
  const page = await pdf.getPage(number);
  const { width, height } = page.getViewport({ scale: 1 });
  return { page: number, width, height };
}

async function searchPages(
  pdf: PDFDocumentProxy,
  texts: readonly string[],
): Promise<{ texts: FoundText[]; isPlain: boolean }> {
  const found = texts.map((text) => ({ text, count: 0, places: [] as TextPlace[] }));
  let isPlain = true;
  for (let number = 1; texts.length > 0 && number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const text = pageTextOf(await contentOf(page, 0));
    for (const one of found) {
      const places = findText(text, one.text);
      one.count += places.length;
      one.places.push(...places.slice(0, MAX_PLACES - one.places.length).map(({ x, y }) => ({ page: number, x, y })));
    }
    isPlain &&= text.isPlain;
    page.cleanup();
  }
  return { texts: found, isPlain };
}
