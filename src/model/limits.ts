/**
 * Sizes that are refused before anyone is called.
 * @module
 */

/** Fields of an envelope: they are stored by one statement, and a statement takes 65,535 values. */
export const MAX_FIELDS = 5_000;
/** Points of the longest page that readers of PDF display: 200 inches. */
export const MAX_POINTS = 14_400;
/** Decoded bytes of one document given as base64. */
export const MAX_BASE64_BYTES = 1024 * 1024;
/** Bytes of one document that is uploaded or fetched; a provider may take less. */
export const MAX_DOCUMENT_BYTES = 25 * 1024 * 1024;
/** Minutes that the address of an upload is good for. */
export const UPLOAD_MINUTES = 15;
/** Hours that a document is kept for which no envelope was sent. */
export const UNSENT_DOCUMENT_HOURS = 24;
/** Bytes of a GraphQL request body. */
export const MAX_GRAPHQL_BYTES = 2 * 1024 * 1024;
/** Bytes of a webhook body: a provider that is told to leave documents out stays far below. */
export const MAX_WEBHOOK_BYTES = 10 * 1024 * 1024;
export const MAX_IDEMPOTENCY_KEY = 255;
/** Days an idempotency key is kept. */
export const IDEMPOTENCY_KEY_DAYS = 30;
/** Milliseconds between two reminders that mail the same recipient: nobody is pestered by a loop. */
export const REMIND_INTERVAL_MS = 3_600_000;
/** Entries of an envelope's timeline, at most. */
export const MAX_TIMELINE = 200;
/** Rows of a page, at most. */
export const MAX_PAGE = 200;
/** Milliseconds a send may wait for its outcome. */
export const MAX_WAIT_MS = 30_000;

/** Characters of a text that a field is placed at. */
export const MAX_ANCHOR_TEXT = 200;
