/**
 * Is this an address that mail can be sent to? By the rule of a library, and with a name for the usual mistakes. Whether
 * there is such a mailbox is for the provider to find out.
 * @module
 */
import rule from 'validator/lib/isEmail.js';
import { notTaken, oddCharacter, withoutOddCharacters } from '../../model/characters.ts';
import type { Capabilities } from '../../providers/provider.ts';
import { type Issues, MAX_SUGGESTION } from './issues.ts';

const isEmail = rule.default;

/** Adds what is wrong with `email`. */
export function checkEmail(email: string, capabilities: Capabilities | null, issues: Issues): void {
  const max = capabilities?.maxEmail ?? 100;
  issues.length('email', email, max);
  // The patterns below take time that grows faster than the text.
  if (email.length > max) return;
  const [, address] = /^\s*mailto:([^?]*)/i.exec(email) ?? [];
  const [, bracketed] = /<([^<>]*)>\s*$/.exec(email) ?? [];
  const dots = email.indexOf('..');
  const odd = oddCharacter(email, 'ADDRESS');
  const refuse = (message: string, suggestion: string | null = null): void =>
    issues.add('INVALID_FORMAT', ['email'], message, suggestion && isTaken(suggestion) ? suggestion : null);

  if (address !== undefined) refuse('This is a link: give the address behind `mailto:` alone.', address);
  else if (bracketed !== undefined) refuse('This has a name beside the address: give the address alone.', bracketed);
  else if (/@.*[,;].*@/s.test(email)) refuse('One address is taken here: add a recipient for each other one.');
  else if (odd) refuse(notTaken(odd), withoutOuter(email));
  else if (dots !== -1) {
    refuse(`Two dots follow each other at position ${dots + 1}.`, email.replaceAll(/\.{2,}/g, '.'));
  } else if (!isEmail(email)) refuse('This is not an e-mail address.');
}

/** Null with a space inside: without it, the address may be another person's. */
function withoutOuter(email: string): string | null {
  const address = email.trim();
  return /\s/.test(address) || address.length > MAX_SUGGESTION ? null : withoutOddCharacters(address, 'ADDRESS');
}

function isTaken(email: string): boolean {
  return oddCharacter(email, 'ADDRESS') === null && isEmail(email);
}
