import { afterAll, describe, expect, test } from 'vitest';
import { createInspector, INSPECTOR_LIMITS } from '../../src/documents/inspector.ts';
import type { Inspection } from '../../src/documents/inspection.ts';
import { systemWorld } from '../../src/world.ts';
import { type PageOf, pdfOf, pdfOfTexts, pdfWithoutEnd, pdfWithoutLetters } from '../kit/pdfs.ts';

const inspector = createInspector(systemWorld());
afterAll(() => inspector.close());

function read(bytes: Uint8Array, texts: string[] = [], pages: number[] = [1]): Promise<Inspection> {
  return inspector.inspect({ bytes, texts, pages });
}

async function placeOf(page: PageOf, text: string): Promise<unknown> {
  const inspection = await read(await pdfOf([page]), [text]);
  return inspection.kind === 'READ' ? { size: inspection.pages[0], found: inspection.texts[0] } : inspection;
}

const near = (value: number): unknown => expect.closeTo(value, 1);

describe('a PDF that is read', () => {
  test('is read once for the same questions, whoever sends it', async () => {
    const bytes = await pdfOf([{ text: 'read /once/' }]);
    const first = await read(bytes, ['/once/']);
    expect(await read(Uint8Array.from(bytes), ['/once/'])).toBe(first);
    expect(await read(bytes, ['/other/'])).toMatchObject({ texts: [{ text: '/other/', count: 0 }] });
  });

  test('is read again once as many others as are remembered have come', async () => {
    const forgetful = createInspector(systemWorld(), { ...INSPECTOR_LIMITS, remembered: 2 });
    const bytes = await pdfOf([{ text: 'Lease' }]);
    const ask = (text: string): Promise<Inspection> => forgetful.inspect({ bytes, texts: [text], pages: [] });
    const [first, second] = [await ask('first'), await ask('second')];
    expect(await ask('first')).toBe(first);
    await ask('third');
    expect(await ask('second')).toBe(second);
    expect(await ask('first')).not.toBe(first);
    await forgetful.close();
  });

  test('tells its pages and the sizes that were asked for', async () => {
    const bytes = await pdfOf([{}, { size: [300, 200] }, {}]);
    expect(await read(bytes, [], [2, 4])).toEqual({
      kind: 'READ',
      pageCount: 3,
      pages: [{ page: 2, width: 300, height: 200 }],
      texts: [],
      decoded: true,
    });
  });

  test('tells where a text stands and how often, on every page', async () => {
    const bytes = await pdfOf([{ text: 'sign /s1/ here and /s1/ here' }, {}, { text: '/s1/' }]);
    expect(await read(bytes, ['/s1/', '/S1/'])).toMatchObject({
      texts: [
        {
          text: '/s1/',
          count: 3,
          places: [
            { page: 1, y: near(692) },
            { page: 1, y: near(692) },
            { page: 3, x: near(72), y: near(692) },
          ],
        },
        { text: '/S1/', count: 0, places: [] },
      ],
    });
  });

  test('tells the first hundred places of a text, however often it stands there', async () => {
    const inspection = await read(await pdfOfTexts(150), ['a']);
    const [found] = inspection.kind === 'READ' ? inspection.texts : [];
    expect([found?.count, found?.places.length]).toEqual([150, 100]);
  });

  test.each([
    ['as it is', {}, { width: 612, height: 792 }, { x: near(72), y: near(692) }],
    ['turned by 90 degrees', { rotate: 90 as const }, { width: 792, height: 612 }, { x: near(100), y: near(72) }],
    ['turned by 180 degrees', { rotate: 180 as const }, { width: 612, height: 792 }, { x: near(540), y: near(100) }],
    ['turned by 270 degrees', { rotate: 270 as const }, { width: 792, height: 612 }, { x: near(692), y: near(540) }],
    [
      'cut by its crop box',
      { crop: [50, 60, 400, 500] as const },
      { width: 400, height: 500 },
      { x: near(22), y: near(460) },
    ],
  ])('counts points from the top left of the page as it is displayed: %s', async (_how, page, size, place) => {
    expect(await placeOf({ ...page, text: 'Signature' }, 'Signature')).toMatchObject({
      size,
      found: { places: [place] },
    });
  });

  test('finds a text whatever its spaces', async () => {
    expect(await placeOf({ text: 'S i g n  here' }, 'Sign\there')).toMatchObject({ found: { count: 1 } });
  });
});

describe('what can not be told of a PDF', () => {
  test('is the text of a scan', async () => {
    expect(await read(await pdfOf([{ text: 'Lease' }, { scan: true }]), ['Signature'])).toMatchObject({
      decoded: false,
    });
  });

  test('is text in fonts that do not say their letters', async () => {
    expect(await read(pdfWithoutLetters(), ['Signature'])).toMatchObject({ kind: 'READ', decoded: false });
  });

  test('is nothing, when an empty page is empty', async () => {
    expect(await read(await pdfOf([{ text: 'Lease' }, {}]), ['Signature'])).toMatchObject({ decoded: true });
  });
});

test.each([
  ['a password', { user: 'secret', owner: 'other' }],
  ['restrictions alone', { owner: 'other' }],
])('a PDF with %s is told to be encrypted', async (_what, passwords) => {
  expect(await read(await pdfOf([{ text: 'Lease' }], passwords))).toEqual({ kind: 'ENCRYPTED' });
});

test('what only claims to be a PDF is not read', async () => {
  expect(await read(Buffer.from('%PDF-1.7 broken beyond repair'))).toEqual({ kind: 'UNREAD', why: 'BROKEN' });
});

test('a PDF that takes too long is given up, and the next one is read', async () => {
  const timers: (() => void)[] = [];
  const timer = (_ms: number, fire: () => void) => {
    timers.push(fire);
    return { cancel: () => undefined };
  };
  const one = createInspector({ ...systemWorld(), timer }, { ...INSPECTOR_LIMITS, threads: 1 });
  const request = { texts: ['Signature'], pages: [1] };
  const endless = one.inspect({ ...request, bytes: await pdfWithoutEnd() });
  const next = one.inspect({ ...request, bytes: await pdfOf([{ text: 'Signature' }]) });
  const first = await Promise.race([endless, systemWorld().sleep(700)]);
  expect(first).toBeUndefined();
  timers[0]?.();
  expect(await endless).toEqual({ kind: 'UNREAD', why: 'OVERRUN' });
  expect(await next).toMatchObject({ kind: 'READ', texts: [{ count: 1 }] });
  await one.close();
});

test('a PDF that takes too much memory is given up, and the next one is read', async () => {
  const small = createInspector(systemWorld(), { ...INSPECTOR_LIMITS, threads: 1, heapMb: 32 });
  const request = { texts: ['Signature'], pages: [1] };
  const large = small.inspect({ ...request, bytes: await pdfOfTexts(150_000) });
  const next = small.inspect({ ...request, bytes: await pdfOf([{ text: 'Signature' }]) });
  expect(await large).toEqual({ kind: 'UNREAD', why: 'OVERRUN' });
  expect(await next).toMatchObject({ kind: 'READ', texts: [{ count: 1 }] });
  await small.close();
});

test('an inspector that is closed answers what is under way, what waits and what comes as not read', async () => {
  const closing = createInspector(systemWorld(), { ...INSPECTOR_LIMITS, threads: 1 });
  const request = { texts: ['Signature'], pages: [1] };
  const endless = closing.inspect({ ...request, bytes: await pdfWithoutEnd() });
  const waiting = closing.inspect({ ...request, bytes: await pdfOf([{ text: 'Signature' }]) });
  await closing.close();
  expect(await endless).toEqual({ kind: 'UNREAD', why: 'OVERRUN' });
  expect(await waiting).toEqual({ kind: 'UNREAD', why: 'BUSY' });
  expect(await closing.inspect({ ...request, bytes: await pdfOf([{}]) })).toEqual({ kind: 'UNREAD', why: 'BUSY' });
});

test('more PDFs than may wait are not read, and may be another time', async () => {
  const narrow = createInspector(systemWorld(), { ...INSPECTOR_LIMITS, threads: 1, waiting: 1 });
  const bytes = await pdfOf([{ text: 'Lease' }]);
  const ask = (page: number): Promise<Inspection> => narrow.inspect({ bytes, texts: [], pages: [page] });
  const all = await Promise.all([1, 2, 3].map(ask));
  expect(all.map((one) => (one.kind === 'UNREAD' ? one.why : one.kind))).toEqual(['READ', 'READ', 'BUSY']);
  expect(await ask(3)).toMatchObject({ kind: 'READ' });
  await narrow.close();
});
