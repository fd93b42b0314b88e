/**
 * What the mutations of an envelope at its provider answer: the command, and the envelope as it is by then.
 * @module
 */
import type { ObjectRef } from '@pothos/core';
import type { CommandRow } from '../envelopes/commands/commands.ts';
import type { EnvelopeRow } from '../envelopes/state/read.ts';
import { builder, type SchemaTypes } from './builder.ts';
import { EnvelopeRef } from './refs.ts';

export interface Commanded {
  readonly envelope: EnvelopeRow;
  readonly command: CommandRow;
}

type Types = PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>;

/**
 * Adds `envelope` to a payload. It has the type that `ProviderRefused.envelope` has: one document selects both. It is
 * read for the answer, and a read that fails must not wipe the answer of a send.
 */
export function addEnvelope<T extends Commanded>(payload: ObjectRef<Types, T>, description: string): void {
  (builder as PothosSchemaTypes.SchemaBuilder<Types>).objectField(payload, 'envelope', (t) =>
    t.field({
      type: EnvelopeRef,
      nullable: true,
      description: `${description} Null, with an error beside it, only where it can't be read: what was asked for stands.`,
      resolve: (commanded, _args, { loaders }) => loaders.envelope.load(commanded.envelope.id),
    }),
  );
}
