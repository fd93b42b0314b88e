/**
 * An envelope whose input has no fault, ready to be stored.
 * @module
 */
import type { ProviderName } from '../../model/words.ts';
import type { EnvelopeInput } from './input.ts';
import type { Preflight } from './preflight.ts';
import type { CheckedDocument } from './validate-documents.ts';

export interface CheckedEnvelope {
  readonly input: EnvelopeInput;
  readonly documents: readonly CheckedDocument[];
  readonly preflight: Preflight;
  readonly account: { readonly id: string; readonly provider: ProviderName };
}
