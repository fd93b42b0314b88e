import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, at, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, file, type Input, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { pdfOfGlyphs } from '../kit/glyph-pdfs.ts';
import { startTenant } from '../kit/tenant.ts';
import { type PageOf, pdfOf, pdfWithoutLetters } from '../kit/pdfs.ts';

const { api, token, account } = await startTenant();

const VALIDATE = `mutation Validate($input: ValidateEnvelopeInput!) {
  validateEnvelope(input: $input) {
    ${PROBLEM}
    ... on ValidateEnvelopePayload {
      valid
      warnings { code message path }
      documents { key pageCount anchors { text count places { page x y } } }
    }
  }
}`;

type Place = { at: Input } | { anchor: Input };

/** An envelope with one document, and a field at each of these places. */
function placed(pdf: Buffer, ...places: Place[]): Input {
  const documents = [file({ source: { base64: pdf.toString('base64') } })];
  const fields = places.map((place) => ({ kind: 'SIGNATURE', place }));
  return envelope(account, { documents, recipients: [signer({ fields })] });
}

const on = (page: number, x: number, y: number, size: Input = {}): Place => ({
  at: { document: 'lease', page, x, y, ...size },
});
const anchored = (text: string, changes: Input = {}): Place => ({ anchor: { document: 'lease', text, ...changes } });
const check = (given: Input): Promise<Answer> => api.gql(token, VALIDATE, { input: { envelope: given } });

const base = ['envelope', 'content', 'documents'];
const field = (index: number, ...path: string[]): string[] => [
  ...base,
  'recipients',
  '0',
  'fields',
  String(index),
  'place',
  ...path,
];

async function issuesOf(given: Input): Promise<unknown[]> {
  return listAt(await check(given), 'data.validateEnvelope.issues');
}

let two: Buffer;
beforeAll(async () => {
  two = await pdfOf([{ text: 'Lease, signed: /s1/' }, { size: [400, 300], text: '/s1/' }]);
});

describe('an envelope is refused for', () => {
  test('a field on a page that is not there', async () => {
    expect(await issuesOf(placed(two, on(3, 10, 10)))).toEqual([
      {
        code: 'OUT_OF_RANGE',
        path: field(0, 'at', 'page'),
        message: 'The document has 2 pages, and no page 3.',
        suggestion: null,
      },
    ]);
  });

  test('a field on a page below the first, and one at an empty text, each said once', async () => {
    expect(await issuesOf(placed(two, on(0, 10, 10), anchored(' ')))).toMatchObject([
      { code: 'OUT_OF_RANGE', path: field(0, 'at', 'page') },
      { code: 'REQUIRED', path: field(1, 'anchor', 'text') },
    ]);
  });

  test('a field over the edge of its page', async () => {
    const given = placed(
      two,
      on(2, 350, 10, { width: 60 }),
      on(2, 10, 310),
      on(1, 350, 310, { width: 60, height: 20 }),
    );
    expect(await issuesOf(given)).toEqual([
      {
        code: 'OUT_OF_RANGE',
        path: field(0, 'at', 'x'),
        message: 'The field ends at 410, and page 2 is 400 points wide.',
        suggestion: null,
      },
      {
        code: 'OUT_OF_RANGE',
        path: field(1, 'at', 'y'),
        message: 'The field ends at 310, and page 2 is 300 points high.',
        suggestion: null,
      },
    ]);
  });

  test('a field over the edge of a page as it is displayed: turned and cropped', async () => {
    const turned = async (page: PageOf): Promise<unknown[]> => issuesOf(placed(await pdfOf([page]), on(1, 700, 500)));
    expect(await issuesOf(placed(await pdfOf([{}]), on(1, 700, 500)))).toHaveLength(1);
    expect(await check(placed(await pdfOf([{ rotate: 90 }]), on(1, 700, 500)))).toMatchObject({
      data: { validateEnvelope: { valid: true } },
    });
    expect(await turned({ rotate: 90, crop: [0, 0, 400, 650] })).toMatchObject([
      { path: field(0, 'at', 'x'), message: 'The field ends at 700, and page 1 is 650 points wide.' },
      { path: field(0, 'at', 'y'), message: 'The field ends at 500, and page 1 is 400 points high.' },
    ]);
  });

  test('a text that is not in the document', async () => {
    const missing = {
      code: 'ANCHOR_MISSING',
      suggestion: 'Check spelling and upper and lower case, or let the field be skipped by `ifMissing: SKIP`.',
    };
    expect(await issuesOf(placed(two, anchored('/s2/'), anchored('/S1/', { document: null })))).toEqual([
      { ...missing, path: field(0, 'anchor', 'text'), message: 'The text "/s2/" is not in the document "lease".' },
      { ...missing, path: field(1, 'anchor', 'text'), message: 'The text "/S1/" is not in any document.' },
    ]);
  });

  test('a PDF that is encrypted', async () => {
    const pdf = await pdfOf([{ text: 'Lease' }], { user: 'secret', owner: 'other' });
    expect(await issuesOf(placed(pdf, on(1, 10, 10)))).toEqual([
      {
        code: 'FILE_ENCRYPTED',
        path: [...base, 'documents', '0', 'source'],
        message: 'This PDF is encrypted, and providers refuse it.',
        suggestion: 'Print or save it without a password and without restrictions, and give that file.',
      },
    ]);
  });

  test('all of it together with every other fault', async () => {
    const given = { ...placed(two, on(3, 10, 10), anchored('/s2/')), subject: '' };
    const codes = (await issuesOf(given)).map((issue) => at(issue, 'code'));
    expect(codes).toEqual(['REQUIRED', 'OUT_OF_RANGE', 'ANCHOR_MISSING']);
  });
});

test('a text that may stand in a document with a fault of its own is not missed', async () => {
  const documents = [
    file({ source: { base64: two.toString('base64') } }),
    file({ key: 'annex', filename: 'annex.pdf', source: { base64: Buffer.from('no PDF').toString('base64') } }),
  ];
  const fields = [{ kind: 'SIGNATURE', place: anchored('/s2/', { document: null }) }];
  const issues = await issuesOf(envelope(account, { documents, recipients: [signer({ fields })] }));
  expect(issues.map((issue) => at(issue, 'code'))).toEqual(['FILE_NOT_PDF']);
});

describe('what is refused', () => {
  test('is refused by create and send alike, before the provider hears of it', async () => {
    const given = placed(two, on(3, 10, 10));
    const before = (await api.ledger('?kind=request')).length;
    expect(await api.gql(token, CREATE, { input: { envelope: given } })).toMatchObject({
      data: { createEnvelope: { issues: [{ code: 'OUT_OF_RANGE', path: field(0, 'at', 'page') }] } },
    });
    expect(await send(api, token, { envelope: given })).toMatchObject({
      data: { sendEnvelope: { issues: [{ code: 'OUT_OF_RANGE', path: ['what', ...field(0, 'at', 'page')] }] } },
    });
    expect((await api.ledger('?kind=request')).length).toBe(before);
  });

  test('is refused in an uploaded document as well', async () => {
    const input = { filename: 'a.pdf', size: two.length, sha256: createHash('sha256').update(two).digest('hex') };
    const upload = await api.gql(
      token,
      `mutation U($input: CreateUploadInput!) { createUpload(input: $input) {
        ... on CreateUploadPayload { url document { id } }
      } }`,
      { input },
    );
    await fetch(textAt(upload, 'data.createUpload.url'), { method: 'PUT', body: new Uint8Array(two) });
    const documents = [file({ source: { documentId: textAt(upload, 'data.createUpload.document.id') } })];
    const fields = [{ kind: 'SIGNATURE', place: on(3, 10, 10) }];
    expect(await issuesOf(envelope(account, { documents, recipients: [signer({ fields })] }))).toMatchObject([
      { code: 'OUT_OF_RANGE', path: field(0, 'at', 'page') },
    ]);
  });
});

describe('an envelope is taken', () => {
  test('with the pages of its documents told, and where its texts are', async () => {
    expect(await check(placed(two, anchored('/s1/'), on(2, 399, 299)))).toEqual({
      data: {
        validateEnvelope: {
          __typename: 'ValidateEnvelopePayload',
          valid: true,
          warnings: [],
          documents: [
            {
              key: 'lease',
              pageCount: 2,
              anchors: [
                {
                  text: '/s1/',
                  count: 2,
                  places: [
                    { page: 1, x: expect.closeTo(153.4, 1), y: expect.closeTo(692, 0) },
                    { page: 2, x: expect.closeTo(72, 0), y: expect.closeTo(200, 0) },
                  ],
                },
              ],
            },
          ],
        },
      },
    });
  });

  test('without a text whose field may be skipped', async () => {
    expect(await check(placed(two, anchored('/s2/', { ifMissing: 'SKIP' })))).toMatchObject({
      data: { validateEnvelope: { valid: true, warnings: [], documents: [{ anchors: [{ count: 0, places: [] }] }] } },
    });
  });

  test('with a text that one of its documents has', async () => {
    const one = await pdfOf([{ text: 'nothing of it' }]);
    const documents = [
      file({ source: { base64: one.toString('base64') } }),
      file({ key: 'annex', filename: 'annex.pdf', source: { base64: two.toString('base64') } }),
    ];
    const fields = [{ kind: 'SIGNATURE', place: anchored('/s1/', { document: null }) }];
    expect(await check(envelope(account, { documents, recipients: [signer({ fields })] }))).toMatchObject({
      data: { validateEnvelope: { valid: true, warnings: [] } },
    });
  });

  test.each([
    ['whose text is a picture', () => pdfOf([{ text: 'Lease' }, { scan: true }])],
    ['whose fonts do not say their letters', () => Promise.resolve(pdfWithoutLetters())],
    ['that runs from right to left', () => pdfOfGlyphs({ glyphs: [{ text: 'ח', x: 72, y: 700, width: 7 }] })],
  ])('and warned of, with a text not found in a document %s', async (_what, make) => {
    expect(await check(placed(await make(), anchored('/s1/')))).toMatchObject({
      data: {
        validateEnvelope: {
          valid: true,
          warnings: [
            {
              code: 'TEXT_NOT_DECODED',
              path: field(0, 'anchor', 'text'),
              message: expect.stringMatching(/^The text "\/s1\/" was not found, but it may be there: /u),
            },
          ],
        },
      },
    });
  });

  test('and warned of, when its PDF could not be read', async () => {
    const given = placed(Buffer.from('%PDF-1.7 broken beyond repair'), on(7, 10, 10), anchored('/s1/'));
    expect(await check(given)).toMatchObject({
      data: {
        validateEnvelope: {
          valid: true,
          warnings: [
            {
              code: 'FILE_NOT_READ',
              path: [...base, 'documents', '0', 'source'],
              message: 'This PDF could not be read here, so the places of its fields were not checked.',
            },
          ],
          documents: [{ key: 'lease', pageCount: null, anchors: [] }],
        },
      },
    });
  });
});
