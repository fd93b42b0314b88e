/**
 * Multipart bodies (RFC 2046), split on bytes: parts keep their content exactly.
 * @module
 */

export interface Part {
  /** Header names in lower case. */
  headers: Record<string, string>;
  content: Buffer;
}

/** Undefined when the content type names no boundary or the body doesn't follow it. */
export function parseMultipart(contentType: string, body: Buffer): Part[] | undefined {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) return undefined;
  const delimiter = Buffer.from(`--${name}`);
  const parts: Part[] = [];
  let start = body.indexOf(delimiter);
  if (start < 0) return undefined;
  for (;;) {
    const from = start + delimiter.length;
    if (body.subarray(from, from + 2).toString('latin1') === '--') return parts;
    const next = body.indexOf(delimiter, from);
    if (next < 0) return undefined;
    const part = parsePart(body.subarray(from, next));
    if (part === undefined) return undefined;
    parts.push(part);
    start = next;
  }
}

/** Value of one parameter of a header: `documentid` in `file; filename="a.pdf";documentid=1`. */
export function headerParameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(header);
  return match?.[1] ?? match?.[2];
}

function parsePart(raw: Buffer): Part | undefined {
  const text = raw.subarray(0, 16_384).toString('latin1');
  const lead = /^[ \t]*\r?\n/.exec(text)?.[0];
  if (lead === undefined) return undefined;
  const gap = /\r?\n\r?\n/.exec(text.slice(lead.length));
  const bare = /^\r?\n/.exec(text.slice(lead.length));
  if (gap === null && bare === null) return undefined;
  const headerText = bare === null && gap !== null ? text.slice(lead.length, lead.length + gap.index) : '';
  const contentStart =
    lead.length + (bare === null && gap !== null ? gap.index + gap[0].length : (bare?.[0].length ?? 0));
  const headers: Record<string, string> = {};
  for (const line of headerText.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  let end = raw.length;
  if (raw[end - 1] === 0x0a) end -= 1;
  if (raw[end - 1] === 0x0d) end -= 1;
  return { headers, content: raw.subarray(contentStart, Math.max(contentStart, end)) };
}
