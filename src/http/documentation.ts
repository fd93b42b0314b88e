/**
 * Where the documentation stands that ships with the package: as far above the sources as above what is built of them.
 * @module
 */
export const ERRORS_DOCUMENT = new URL('../../docs/errors.md', import.meta.url);
