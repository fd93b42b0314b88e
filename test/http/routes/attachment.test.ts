import { parse } from 'content-disposition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachment } from '../../../src/http/routes/attachment.ts';

/** What a reader that doesn't know `filename*` sees. */
const plainName = (header: string): string | undefined => parse(header, { extended: false }).parameters['filename'];

describe('the name that a download is saved under', () => {
  it('is the whole name by `filename*`, and one in plain ASCII beside it, whatever the name is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (filename) => {
        const header = attachment(filename);
        expect(parse(header)).toMatchObject({ type: 'attachment', parameters: { filename } });
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(plainName(header)).toMatch(/^[^"\\/]+$/);
      }),
    );
  });

  it.each([
    ['lease.pdf', 'lease.pdf'],
    ["Ann's 100% (best) lease.pdf", "Ann's 100% (best) lease.pdf"],
    ['Zoë Müller.pdf', 'Zoe Muller.pdf'],
    ['a/b\\c"d.pdf', 'a_b_c_d.pdf'],
    ['契約書.pdf', 'document.pdf'],
    ['契約書', 'document'],
    ['Lease 契約.pdf', 'Lease __.pdf'],
  ])('of %s is %s in ASCII', (filename, plain) => {
    expect(plainName(attachment(filename))).toBe(plain);
  });
});
