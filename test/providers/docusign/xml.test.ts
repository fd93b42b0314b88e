import { describe, expect, it } from 'vitest';
import { readXml, type XmlElement } from '../../../src/providers/docusign/xml.ts';
import { Unparsable } from '../../../src/providers/provider.ts';

const read = (text: string | Buffer, skipped: string[] = []): XmlElement =>
  readXml(Buffer.from(text), new Set(skipped));
const texts = (text: string): string[] => read(text).children.map((element) => element.text);

describe('text', () => {
  it('stays text, whatever it looks like', () => {
    const values = ['00123', '1e3', 'true', 'null', ' padded ', '0x1f', '-0', ''];
    expect(texts(`<a>${values.map((value) => `<b>${value}</b>`).join('')}</a>`)).toEqual(values);
  });

  it('holds the five predefined entities and references to characters, and CDATA as it stands', () => {
    expect(texts('<a><b>&lt;&gt;&amp;&quot;&apos;</b><b>&#233;&#x1F4DD;</b><b><![CDATA[<c>&amp;]]></b></a>')).toEqual([
      '<>&"\'',
      'é📝',
      '<c>&amp;',
    ]);
  });

  it('is joined over comments and cut by no child', () => {
    expect(texts('<a><b>one<!-- and -->two<?pi x?>three</b></a>')).toEqual(['onetwothree']);
  });
});

describe('names', () => {
  it('are told without prefix, whatever the namespace', () => {
    const root = read('<p:a xmlns:p="urn:one" xmlns="urn:two"><b/><c xmlns=""/><q:d/></p:a>');
    expect([root, ...root.children].map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('called __proto__ and constructor are names like others', () => {
    const root = read('<a><__proto__><polluted>1</polluted></__proto__><constructor/></a>');
    expect(root.children.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('say by xsi:nil that there is no value, by any prefix', () => {
    const xsi = 'http://www.w3.org/2001/XMLSchema-instance';
    const root = read(
      `<a xmlns:q="${xsi}" xmlns:o="urn:o"><b q:nil="true"/><b q:nil="false"/><b o:nil="true"/><b nil="true"/></a>`,
    );
    expect(root.children.map((element) => element.isNil)).toEqual([true, false, false, false]);
    expect(read('<a xsi:nil="true"/>').isNil).toBe(true);
  });
});

const bigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('text in another encoding', () => {
  const umlauts = '<a>é</a>';
  const declaring = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}"?>${umlauts}`;

  it.each([
    ['marked as UTF-8', Buffer.from(`\uFEFF${declaring('utf-8')}`), ''],
    ['marked as UTF-16, little end first', Buffer.from(`\uFEFF${declaring('utf-16')}`, 'utf16le'), ''],
    ['marked as UTF-16, big end first', bigEndian(`\uFEFF${declaring('utf-16')}`), ''],
    ['in UTF-16 without a mark', bigEndian(umlauts), 'text/xml; charset=utf-16'],
    ['that calls UTF-8 UTF-16', Buffer.from(declaring('UTF-16')), 'text/xml'],
    ['declared as ISO-8859-1', Buffer.from(declaring('ISO-8859-1'), 'latin1'), ''],
    [
      'of which the Content-Type alone tells the encoding',
      Buffer.from(umlauts, 'latin1'),
      'text/xml; charset="iso-8859-1"',
    ],
    [
      'of which the Content-Type tells another encoding',
      Buffer.from(declaring('ISO-8859-1'), 'latin1'),
      'text/xml; charset=utf-8',
    ],
    ['of an encoding that nobody knows', Buffer.from(declaring('x-nobody')), 'text/xml; charset=x-nobody-either'],
    ['behind an empty line', Buffer.from(`\n${declaring('utf-8')}`), ''],
  ])('is read when it is %s', (_what, raw, contentType) => {
    expect(readXml(raw, new Set(), contentType).text).toBe('é');
  });
});

it('what is skipped is left out with all in it, and what follows is not', () => {
  const root = read('<a><skip>x<b><skip/>y</b></skip><c>z</c></a>', ['skip']);
  expect(root.children).toMatchObject([{ name: 'c', text: 'z' }]);
  expect(root.text).toBe('');
});

const lol = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
const deep = (count: number): string => '<a>'.repeat(count) + '</a>'.repeat(count);
const mega = (unit: string, bytes: number): string => unit.repeat(Math.ceil(bytes / unit.length));

const HOSTILE: [what: string, body: string | Buffer][] = [
  ['a billion laughs', `<!DOCTYPE a [<!ENTITY l0 "lol">${lol}]><a>&l9;</a>`],
  ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
  ['a DOCTYPE that declares nothing', '<!DOCTYPE a><a/>'],
  ['a DOCTYPE that never ends', `<!DOCTYPE a [${mega('<!ENTITY x "y">', 4_000_000)}`],
  ['an entity that nobody declared', '<a>&nbsp;</a>'],
  ['elements 100,000 deep', deep(100_000)],
  ['skipped elements 100,000 deep', `<r><skip>${deep(100_000)}</skip></r>`],
  ['elements 100,000 deep that never end', '<a>'.repeat(100_000)],
  ['an element that never ends', '<a><b>text</b>'],
  ['a tag that never ends', '<a><b'],
  ['elements that cross', '<a><b></a></b>'],
  ['10 MB of text', `<a>${mega('text ', 10_000_000)}</a>`],
  ['10 MB of text that never end', `<a>${mega('text ', 10_000_000)}`],
  ['a million elements', `<a>${mega('<b/>', 4_000_000)}</a>`],
  ['one attribute twice', '<a b="1" b="2"/>'],
  [
    'a DOCTYPE behind comments',
    `<?xml version="1.0"?>${'<!-- a -->'.repeat(1_000)}\n<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
  ],
  ['33 attributes in a tag', `<a ${Array.from({ length: 33 }, (_, n) => `a${n}=""`).join(' ')}/>`],
  ['attributes without end', `<a ${mega('b="1" ', 4_000_000)}/>`],
  ['two roots', '<a/><a/>'],
  ['nothing', ''],
  ['a declaration alone', '<?xml version="1.0"?>'],
  ['JSON', '{"event":"envelope-sent"}'],
  ['a reference to no character', '<a>&#0;</a>'],
  ['a control character', '<a>\u0001</a>'],
  ['bytes that are no UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])],
  ['UTF-16 cut within a letter', Buffer.from('\uFEFF<a/>', 'utf16le').subarray(0, 7)],
  ['a DOCTYPE in UTF-16', Buffer.from('<!DOCTYPE a><a/>', 'utf16le')],
];

/** Of this process, so that a busy machine doesn't count. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

describe('hostile XML', () => {
  it.each(HOSTILE)('%s is refused as unparsable, soon and in few words', (_what, body) => {
    const began = process.cpuUsage();
    let thrown: unknown;
    try {
      read(body, ['skip']);
    } catch (error) {
      thrown = error;
    }
    expect(cpuMs(began)).toBeLessThan(2_000);
    expect(thrown).toBeInstanceOf(Unparsable);
    expect(thrown instanceof Error && thrown.message.length).toBeLessThan(120);
  });

  it('with a DOCTYPE is refused before the parser collects that', () => {
    const body = `<!DOCTYPE a [${mega('<!ENTITY x "y">', 4_000_000)}]><a/>`;
    const began = process.cpuUsage();
    expect(() => read(body)).toThrow('XML with a DOCTYPE is refused');
    expect(cpuMs(began)).toBeLessThan(400);
  });

  it.each([
    ['comments', `${mega('<!---->', 4_000_000)}<a/>`],
    ['entities', `<a>${mega('&amp;', 4_000_000)}</a>`],
    ['sections of CDATA that nearly end', `<a><![CDATA[${mega(']]', 4_000_000)}]]></a>`],
    ['namespaces', `<a><skip>${mega('<p:b xmlns:p="u"/>', 4_000_000)}</skip></a>`],
    ['one name', `<${mega('a', 4_000_000)}/>`],
  ])('that is 4 MB of %s is read in a time that grows with its length alone', (_what, body) => {
    const began = process.cpuUsage();
    read(body, ['skip']);
    expect(cpuMs(began)).toBeLessThan(4_000);
  });
});
