/**
 * The providers there are: one line each.
 * @module
 */
import { NotSupported } from '../model/problems.ts';
import type { ProviderName } from '../model/words.ts';
import { docusign } from './docusign/index.ts';
import type { Provider } from './provider.ts';

const PROVIDERS: Partial<Record<ProviderName, Provider>> = {
  DOCUSIGN: docusign,
};

/** Throws `NotSupported` for one that this version doesn't speak. */
export function providerFor(name: ProviderName): Provider {
  const provider = PROVIDERS[name];
  if (!provider) throw new NotSupported(`This version of countersign doesn't speak ${name} yet.`, 'provider');
  return provider;
}
