/**
 * The README, cut into what tests play.
 * @module
 */
import { readFileSync } from 'node:fs';

export const README = readFileSync('README.md', 'utf8');

/** Its code blocks of a language; '' for those without one. */
export function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, named, text = '']) =>
    named === language ? [text] : [],
  );
}

/** What a newcomer does after `npm start`: the numbered list, one text for each number. */
export function steps(): string[] {
  return [...README.matchAll(/^\d\. (.+)$/gm)].map(([, text = '']) => text);
}

/** What is pressed, in its order: the words in bold. */
export function pressedIn(text: string): string[] {
  return [...text.matchAll(/\*\*([^*]+)\*\*/g)].map(([, words = '']) => words);
}
