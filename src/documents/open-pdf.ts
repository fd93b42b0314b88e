/**
 * Opens a PDF with the reader, in a way that neither draws nor loads anything.
 * @module
 */
import { getDocument, type PDFDocumentLoadingTask } from 'unpdf/pdfjs';

/** Without pictures, the reader leaves them out and doesn't decode them. */
export function openPdf(
  bytes: Uint8Array,
  { withPictures }: { readonly withPictures: boolean },
): PDFDocumentLoadingTask {
  return getDocument({
    // A copy: the reader takes what it is given.
    data: Uint8Array.from(bytes),
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
    verbosity: 0,
    maxImageSize: withPictures ? -1 : 0,
  });
}
