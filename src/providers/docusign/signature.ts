/**
 * The HMAC of a Connect message: base64 of HMAC-SHA256 over the raw body, the key taken as text. One header per live
 * key, renumbered when a key goes, so any header may match any key.
 * Source: developer documentation, "How to validate an HMAC signature".
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookRequest } from '../provider.ts';

const HEADER = /^x-docusign-signature-\d{1,3}$/;
/** Bytes of a base64 SHA-256. */
const SIGNATURE_LENGTH = 44;

/** Null when a signature is right, else why not. Every signature meets every key, whatever the others said. */
export function verifySignatures({ headers, body }: WebhookRequest, keys: readonly string[]): string | null {
  const signatures = Object.entries(headers)
    .filter(([name]) => HEADER.test(name))
    .flatMap(([, value]) => value ?? [])
    .map((value) => Buffer.from(value.trim()));
  if (signatures.length === 0) return 'no X-DocuSign-Signature header: switch HMAC on in the Connect configuration';
  if (keys.length === 0) return 'the account has no HMAC key to check with';
  const wanted = keys.map((key) => Buffer.from(createHmac('sha256', key).update(body).digest('base64')));
  let matches = 0;
  for (const signature of signatures) {
    if (signature.length !== SIGNATURE_LENGTH) continue;
    for (const one of wanted) matches += Number(timingSafeEqual(signature, one));
  }
  return matches > 0 ? null : "no signature matches one of the account's HMAC keys";
}
