/**
 * Reads XML that a stranger may have written, as a tree of texts. A DOCTYPE is refused, so no entity can be declared;
 * the five predefined ones and character references are all that is expanded. Nothing is coerced, nothing trimmed.
 * @module
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { Unparsable } from '../provider.ts';
import { readText } from './text.ts';

export interface XmlElement {
  /** Its local name: without a prefix, whatever the namespace. */
  readonly name: string;
  /** Marked `xsi:nil`: there is no value, not an empty one. */
  readonly isNil: boolean;
  /** Its own, without that of the elements in it. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** Bytes. Messages that carry documents are larger, and slow to read for everyone else. */
export const MAX_XML_BYTES = 5 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 50_000;
const MAX_ATTRIBUTES = 32;
const NOT_XML = 'the body is no well-formed XML';
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** An element that is still open. */
interface Open {
  readonly name: string;
  readonly isNil: boolean;
  readonly texts: string[];
  readonly children: XmlElement[];
}

/**
 * Elements called as `skipped` says are checked, and left out with all that is in them. `contentType` may name the
 * encoding. Throws `Unparsable`.
 */
export function readXml(raw: Buffer, skipped: ReadonlySet<string>, contentType = ''): XmlElement {
  if (raw.length > MAX_XML_BYTES) {
    throw new Unparsable(`an XML message of more than ${MAX_XML_BYTES} bytes: leave documents out of webhooks`);
  }
  const open: Open[] = [];
  let depth = 0;
  let count = 0;
  let attributes = 0;
  /** The depth at which what is skipped began, or 0. */
  let skippedFrom = 0;
  let root: XmlElement | null = null;

  // Positions would double the time. XML 1.1 allows characters that nothing here expects.
  const parser = new SaxesParser({
    xmlns: true,
    position: false,
    forceXMLVersion: true,
    defaultXMLVersion: '1.0',
    // A prefix that nobody declared is as good as another: namespaces decide nothing here but what `nil` means.
    resolvePrefix: (prefix: string) => (prefix === 'xsi' ? XSI : `undeclared:${prefix}`),
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', refuseDoctype);
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > MAX_ATTRIBUTES) throw new Unparsable(`XML of more than ${MAX_ATTRIBUTES} attributes in a tag`);
  });
  parser.on('opentag', (tag) => {
    attributes = 0;
    depth += 1;
    if (depth > MAX_DEPTH) throw new Unparsable(`XML nested more than ${MAX_DEPTH} deep`);
    if (skippedFrom > 0) return;
    if (skipped.has(tag.local)) {
      skippedFrom = depth;
      return;
    }
    count += 1;
    if (count > MAX_ELEMENTS) throw new Unparsable(`XML of more than ${MAX_ELEMENTS} elements`);
    open.push({ name: tag.local, isNil: isNil(tag), texts: [], children: [] });
  });
  const takeText = (text: string): void => {
    if (skippedFrom === 0) open.at(-1)?.texts.push(text);
  };
  parser.on('text', takeText);
  parser.on('cdata', takeText);
  parser.on('closetag', () => {
    depth -= 1;
    if (skippedFrom > 0) {
      if (depth < skippedFrom) skippedFrom = 0;
      return;
    }
    const closed = open.pop();
    if (closed === undefined) return;
    const { texts, ...rest } = closed;
    const element = { ...rest, text: texts.join('') };
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });

  try {
    const text = readText(raw, contentType).trimStart();
    if (hasDoctype(text)) refuseDoctype();
    parser.write(text).close();
  } catch (error) {
    // The parser's own words repeat the text, at any length.
    throw error instanceof Unparsable ? error : new Unparsable(NOT_XML, { cause: error });
  }
  if (root === null) throw new Unparsable(NOT_XML);
  return root;
}

function refuseDoctype(): never {
  throw new Unparsable('XML with a DOCTYPE is refused');
}

/** One can stand only before the root. The parser would tell of it at its end, after collecting it letter by letter. */
function hasDoctype(text: string): boolean {
  const misc = /\s+|<\?[^]*?\?>|<!--[^]*?-->/y;
  let at = 0;
  while (misc.test(text)) at = misc.lastIndex;
  return text.startsWith('<!DOCTYPE', at);
}

function isNil({ attributes }: SaxesTagNS): boolean {
  return Object.values(attributes).some(
    ({ uri, local, value }) => uri === XSI && local === 'nil' && ['true', '1'].includes(value.trim()),
  );
}
