/**
 * Is this an address that mail can be sent to? By the rule of a library, and with a name for the usual mistakes. Whether
 * there is such a mailbox is for the provider to find out.
 * @module
 */
import rule from 'validator/lib/isEmail.js';
import { oddCharacter } from '../../model/characters.ts';
import type { Capabilities } from '../../providers/provider.ts';
import type { Issues } from './issues.ts';

const isEmail = rule.default;

/** Adds what is wrong with `email`. */
export function checkEmail(email: string, capabilities: Capabilities | null, issues: Issues): void {
  const max = capabilities?.maxEmail ?? 100;
  const [, address] = /^\s*mailto:([^?]*)/i.exec(email) ?? [];
  const [, bracketed] = /<([^<>]*)>\s*$/.exec(email) ?? [];
  const dots = email.indexOf('..');
  const refuse = (message: string, suggestion: string | null = null): void =>
    issues.add('INVALID_FORMAT', ['email'], message, suggestion && isTaken(suggestion) ? suggestion : null);

  issues.length('email', email, max);
  if (address !== undefined) refuse('This is a link: give the address behind `mailto:` alone.', address);
  else if (bracketed !== undefined) refuse('This has a name beside the address: give the address alone.', bracketed);
  else if (!issues.characters('email', email, 'ADDRESS')) return;
  else if (dots !== -1) {
    refuse(`Two dots follow each other at position ${dots + 1}.`, email.replaceAll(/\.{2,}/g, '.'));
  } else if (!isEmail(email)) refuse('This is not an e-mail address.');
}

function isTaken(email: string): boolean {
  return oddCharacter(email, 'ADDRESS') === null && isEmail(email);
}
