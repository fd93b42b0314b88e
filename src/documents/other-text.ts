/**
 * Text of a PDF that is not drawn by its pages as glyphs that say their letters: pictures of text, form fields,
 * annotations, forms of XFA, and fonts without letters. Providers may read it; this gateway doesn't.
 * @module
 */
import { PDFDict, PDFDocument, PDFName, PDFRawStream } from '@cantoo/pdf-lib';
import type { PDFDocumentProxy, PDFPageProxy } from 'unpdf/pdfjs';
import { z } from 'zod';
import { openPdf } from './open-pdf.ts';
import { contentOf } from './page-content.ts';
import { hasUndecodableFonts } from './pdf-fonts.ts';

/** The part of a page that pictures may cover and still be no more than logos. */
const MAX_PICTURES = 0.1;

/** True when the PDF may hold such text, or when that can't be told. */
export async function mayHoldOtherText(bytes: Uint8Array): Promise<boolean> {
  let pdf: PDFDocument;
  try {
    pdf = await PDFDocument.load(bytes, { updateMetadata: false });
    if (hasUndecodableFonts(pdf) || hasXfa(pdf)) return true;
    emptyPictures(pdf);
    bytes = await pdf.save({ updateFieldAppearances: false });
  } catch {
    return true;
  }
  const loading = openPdf(bytes, { withPictures: true });
  try {
    return await somePage(await loading.promise, mayHold);
  } finally {
    await loading.destroy();
  }
}

function hasXfa({ catalog }: PDFDocument): boolean {
  return catalog.lookupMaybe(PDFName.of('AcroForm'), PDFDict)?.has(PDFName.of('XFA')) ?? false;
}

/** Where pictures stand matters, and not what they show: what the reader would decode takes time and memory. */
function emptyPictures({ context }: PDFDocument): void {
  const picture = {
    Type: 'XObject',
    Subtype: 'Image',
    Width: 1,
    Height: 1,
    ColorSpace: 'DeviceGray',
    BitsPerComponent: 8,
  };
  for (const [reference, object] of context.enumerateIndirectObjects())
    if (object instanceof PDFRawStream && object.dict.get(PDFName.of('Subtype')) === PDFName.of('Image'))
      context.assign(reference, context.stream(new Uint8Array(1), picture));
}

async function somePage(pdf: PDFDocumentProxy, is: (page: PDFPageProxy) => Promise<boolean>): Promise<boolean> {
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    if (await is(page)) return true;
    page.cleanup();
  }
  return false;
}

async function mayHold(page: PDFPageProxy): Promise<boolean> {
  const { hasTextInAnnotations, hasRichPattern, pictures, width, height } = await contentOf(page, 1);
  if (hasTextInAnnotations || hasRichPattern || pictures > MAX_PICTURES * width * height) return true;
  const annotations: readonly unknown[] = await page.getAnnotations();
  return annotations.some((one) => holdsText(annotation.parse(one)));
}

const text = z.string().catch('');

const annotation = z.object({
  subtype: text,
  fieldType: text,
  fieldValue: z.union([text, z.array(text)]).catch(''),
  contentsObj: z.object({ str: text }).catch({ str: '' }),
});

/** What is written and not drawn: the values of texts and lists, and notes. Links and the like have a description at most. */
function holdsText({ subtype, fieldType, fieldValue, contentsObj }: z.infer<typeof annotation>): boolean {
  if (subtype === 'Widget') return (fieldType === 'Tx' || fieldType === 'Ch') && [fieldValue].flat().join('') !== '';
  return subtype !== 'Link' && subtype !== 'Popup' && contentsObj.str !== '';
}
