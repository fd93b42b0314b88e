/**
 * What `help` of a problem points to: the section of its code, from the documentation that ships with the package.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS_DOCUMENT } from '../documentation.ts';
import { sendProblem } from './plain-errors.ts';

const PATH = /^\/errors(?:\/([A-Z_]+))?$/;

/** False when the path is none of this, and nothing was done. */
export function handleErrorsPage(req: IncomingMessage, res: ServerResponse): boolean {
  const match = PATH.exec(req.url ?? '');
  if (!match) return false;
  const text = readFileSync(ERRORS_DOCUMENT, 'utf8');
  const code = match[1];
  const section = code === undefined ? text : sectionOf(text, code);
  if (section === null) {
    sendProblem(res, 404, 'NOT_FOUND', `There is no code ${code}.`);
    return true;
  }
  res.writeHead(200, { 'content-type': 'text/markdown; charset=utf-8', 'cache-control': 'public, max-age=300' });
  res.end(section);
  return true;
}

/** From the heading of the code to the next heading of its rank. */
export function sectionOf(text: string, code: string): string | null {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line === `## ${code}`);
  if (start < 0) return null;
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('## '));
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n');
}
