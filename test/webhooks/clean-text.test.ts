import { describe, expect, it } from 'vitest';
import type { Sighting } from '../../src/model/observation.ts';
import { instantOf } from '../../src/model/time.ts';
import { cleanSighting, cleanText } from '../../src/webhooks/clean-text.ts';

const dirty = 'a\0b\ud83d';
const at = instantOf(new Date('2026-01-15T10:00:00Z'));

describe('text for Postgres', () => {
  it('loses NUL and half surrogate pairs, and nothing else', () => {
    expect(cleanText(dirty)).toBe('ab\ufffd');
    expect(cleanText('Zoë 😀 \u0001\n')).toBe('Zoë 😀 \u0001\n');
  });

  it('is clean in every part of a sighting that a provider writes freely', () => {
    const sighting: Sighting = {
      providerId: dirty,
      envelopeId: dirty,
      incomplete: true,
      observation: {
        source: 'WEBHOOK',
        sawEnd: null,
        envelope: [
          { kind: 'PROGRESS', at, status: 'SENT', providerStatus: dirty },
          { kind: 'END', at, status: 'DECLINED', providerStatus: dirty, reason: dirty },
        ],
        recipients: [{ ref: dirty, at, status: 'SIGNED', providerStatus: dirty, reason: dirty }],
        details: [{ ref: dirty, at, name: dirty, email: dirty, role: 'SIGNER', routingOrder: 1 }],
      },
    };
    const clean = JSON.stringify(cleanSighting(sighting));
    expect(clean).toBe(JSON.stringify(sighting).replaceAll(JSON.stringify(dirty), JSON.stringify('ab\ufffd')));
    expect(clean).not.toMatch(/\\u0000|\\ud83d/);
  });
});
