import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifySignatures } from '../../../src/providers/docusign/signature.ts';

/** Key and signature of a message as the receiver's documentation computes it; 414 bytes, no line end. */
const BODY = Buffer.from(
  '{"event":"envelope-completed","apiVersion":"v2.1","uri":"/restapi/v2.1/accounts/11111111-1111-4111-8111-111111111111/envelopes/22222222-2222-4222-8222-222222222222","retryCount":0,"configurationId":5001,"generatedDateTime":"2026-01-15T10:30:00.0000000Z","data":{"accountId":"11111111-1111-4111-8111-111111111111","userId":"33333333-3333-4333-8333-333333333333","envelopeId":"22222222-2222-4222-8222-222222222222"}}',
);
const FIRST = { key: 'sandbox-hmac-key-1', signature: 'SIDv39P37SkwofE4LmBl5BMsa9bwr+t6fJ34XRDc+Ug=' };
const SECOND = { key: 'sandbox-hmac-key-2', signature: 'oU+Xcprl5LY+AsDIZyfapJhefP87MHTwyNjPshuPlK4=' };

const verify = (headers: Record<string, string | string[]>, keys: string[], body = BODY): string | null =>
  verifySignatures({ headers, body }, keys);

describe('the signature of a message', () => {
  it.each([FIRST, SECOND])('is right with $key', ({ key, signature }) => {
    expect(BODY).toHaveLength(414);
    expect(verify({ 'x-docusign-signature-1': signature }, [key])).toBeNull();
  });

  it.each([
    ['the second header', { 'x-docusign-signature-1': 'x', 'x-docusign-signature-2': FIRST.signature }, [FIRST.key]],
    ['the second key', { 'x-docusign-signature-1': SECOND.signature }, [FIRST.key, SECOND.key]],
    ['the hundredth header', { 'x-docusign-signature-100': FIRST.signature }, [FIRST.key]],
    ['one of a repeated header', { 'x-docusign-signature-1': ['x', FIRST.signature] }, [FIRST.key]],
  ])('may match by %s', (_what, headers, keys) => {
    expect(verify(headers, keys)).toBeNull();
  });

  it.each([
    ['of another key', { 'x-docusign-signature-1': SECOND.signature }],
    ['in hexadecimal', { 'x-docusign-signature-1': Buffer.from(FIRST.signature, 'base64').toString('hex') }],
    ['without its padding', { 'x-docusign-signature-1': FIRST.signature.slice(0, -1) }],
    ['in a header of another name', { 'x-docusign-signature': FIRST.signature }],
    ['that is empty', { 'x-docusign-signature-1': '' }],
    ['that is absent', {}],
  ])('%s is refused with a reason', (_what, headers) => {
    expect(verify(headers, [FIRST.key])).toMatch(/signature/i);
  });

  it('is refused for an account without keys', () => {
    expect(verify({ 'x-docusign-signature-1': FIRST.signature }, [])).toContain('no HMAC key');
  });

  it('covers every bit of the body', () => {
    const runs = process.env['LONG'] ? 100_000 : 1_000;
    fc.assert(
      fc.property(fc.nat(BODY.length - 1), fc.nat(7), (at, bit) => {
        const body = Buffer.from(BODY);
        body[at] = (body[at] ?? 0) ^ (1 << bit);
        expect(verify({ 'x-docusign-signature-1': FIRST.signature }, [FIRST.key], body)).not.toBeNull();
      }),
      { numRuns: runs },
    );
  });

  it('takes any body with any of its keys, and with no other', () => {
    const text = fc.string({ minLength: 1, unit: 'binary' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), text, text, (bytes, key, other) => {
        fc.pre(key !== other);
        const signature = createHmac('sha256', key).update(bytes).digest('base64');
        const headers = { 'x-docusign-signature-1': signature };
        const body = Buffer.from(bytes);
        expect(verify(headers, [other, key], body)).toBeNull();
        expect(verify(headers, [other], body)).not.toBeNull();
      }),
    );
  });
});
