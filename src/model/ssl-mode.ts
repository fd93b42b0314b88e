/**
 * `sslmode` of a database's address.
 * @module
 */

export const SSL_MODES = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * The address with the mode that the driver uses in fact, or null for a word that is no mode. The driver takes `prefer`,
 * `require` and `verify-ca` for `verify-full` and warns of it with many lines, and takes any other word for it as well.
 * With `uselibpqcompat` it knows what libpq knows, and the address stays as it is.
 */
export function withVerifiedTls(address: string): string | null {
  const url = new URL(address);
  const mode = url.searchParams.get('sslmode');
  if (mode === null || url.searchParams.get('uselibpqcompat') === 'true') return address;
  if (!SSL_MODES.includes(mode)) return null;
  if (mode === 'disable' || mode === 'no-verify' || mode === 'verify-full') return address;
  url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}
