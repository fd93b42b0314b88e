/**
 * Connect's signature: base64 of HMAC-SHA256 over the raw body, the key taken as UTF-8 text.
 * @module
 */
import { createHmac } from 'node:crypto';

export function signBody(key: string, body: string | Uint8Array): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/** One header per active key of the account, numbered from 1. */
export function signatureHeaders(keys: readonly string[], body: string | Uint8Array): Record<string, string> {
  const headers: Record<string, string> = { 'X-Authorization-Digest': 'HMACSHA256' };
  for (const [index, key] of keys.entries()) headers[`X-DocuSign-Signature-${index + 1}`] = signBody(key, body);
  return headers;
}

/** Flips one bit of each signature. */
export function corruptSignatures(signatures: Record<string, string>): void {
  for (const [name, value] of Object.entries(signatures)) {
    if (!name.startsWith('X-DocuSign-Signature')) continue;
    const bytes = Buffer.from(value, 'base64');
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    signatures[name] = bytes.toString('base64');
  }
}
