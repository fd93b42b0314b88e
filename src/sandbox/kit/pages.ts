/**
 * HTML without scripts and without anything from outside: a template that escapes, one style, one layout.
 * @module
 */
import { createHash } from 'node:crypto';
import type { HttpAnswer } from './http.ts';

/** Text that is markup already. */
export interface Html {
  readonly markup: string;
}

type Piece = string | number | Html | readonly Html[] | undefined;

/** Everything put in is escaped, unless it was made by `html` itself. */
export function html(strings: TemplateStringsArray, ...pieces: Piece[]): Html {
  return { markup: strings.reduce((text, part, index) => text + render(pieces[index - 1]) + part) };
}

function render(piece: Piece): string {
  if (piece === undefined) return '';
  if (typeof piece === 'string' || typeof piece === 'number') return escape(String(piece));
  return 'markup' in piece ? piece.markup : piece.map(({ markup }) => markup).join('');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2230; --soft: #5d6577; --line: #dfe3ea; --paper: #ffffff; --ground: #f4f5f8; --accent: #2a4bd7; --warn: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --soft: #a3abbd; --line: #343a49; --paper: #1b1f2a; --ground: #12151d; --accent: #8ea4ff; --warn: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
header { padding: .9rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--paper); display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; align-items: baseline; }
header strong { letter-spacing: -.01em; } header span { color: var(--soft); font-size: .875rem; } header nav { margin-left: auto; display: flex; gap: 1rem; }
main { max-width: 46rem; margin: 2rem auto; padding: 0 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 .4rem; } h2 { font-size: 1.05rem; margin: 0 0 .7rem; }
p { margin: 0 0 1rem; } .soft { color: var(--soft); } a { color: var(--accent); }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.4rem; margin: 1.25rem 0; }
table { width: 100%; border-collapse: collapse; font-size: .925rem; } th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem; } th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } tr:last-child td { border-bottom: 0; }
label { display: block; margin: 0 0 .9rem; font-size: .925rem; } label.check { display: flex; gap: .6rem; align-items: center; }
input[type=text], textarea { display: block; width: 100%; margin-top: .25rem; padding: .55rem .7rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 7px; }
button { font: inherit; font-weight: 600; padding: .6rem 1.2rem; border-radius: 8px; border: 1px solid var(--line); background: var(--paper); color: var(--ink); cursor: pointer; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--paper); } button.warn { color: var(--warn); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; } .row { display: flex; flex-wrap: wrap; gap: .7rem; } .error { color: var(--warn); font-weight: 600; }
.signature { font: italic 1.6rem/1.3 Georgia, "Times New Roman", serif; border-bottom: 1px solid var(--line); padding-bottom: .3rem; } code { font-size: .875em; }
ul.plain { list-style: none; margin: 0; padding: 0; } ul.plain li { padding: .25rem 0; }
`;

/** Whole, as one space more inside it would change the hash and the browser would refuse it. */
const STYLE_ELEMENT: Html = { markup: `<style>${STYLE}</style>` };
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** `form-action` is left open: a form's end may redirect to any address the sender named. */
const SECURITY = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors *`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

export function page(product: string, title: string, content: Html, status = 200): HttpAnswer {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${product}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <strong>${product}</strong><span>a sandbox: nothing here binds anyone</span>
          <nav><a href="/">Home</a><a href="/inbox">Inbox</a></nav>
        </header>
        <main>${content}</main>
      </body>
    </html>`;
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...SECURITY }, body: document.markup };
}

export function redirect(location: string): HttpAnswer {
  return {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' },
  };
}
