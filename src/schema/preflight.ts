/**
 * What was seen of documents before they are sent.
 * @module
 */
import type { FoundText, TextPlace } from '../documents/inspection.ts';
import type { PreflightDocument } from '../envelopes/input/preflight.ts';
import type { InputWarning } from '../model/problems.ts';
import { builder } from './builder.ts';
import { WarningCodeEnum } from './enums.ts';

export const InputWarningType = builder.objectRef<InputWarning>('InputWarning').implement({
  description: 'Something that could not be checked. It keeps nothing from being sent.',
  fields: (t) => ({
    code: t.field({ type: WarningCodeEnum, description: 'What could not be checked.', resolve: ({ code }) => code }),
    message: t.string({ description: 'The same, for people.', resolve: ({ message }) => message }),
    path: t.stringList({
      description: 'Leads from `input` to the value; indexes count from 0.',
      resolve: ({ path }) => [...path],
    }),
  }),
});

const AnchorPlaceType = builder.objectRef<TextPlace>('AnchorPlace').implement({
  description: 'Where an occurrence of a text begins: its left end, on the baseline.',
  fields: (t) => ({
    page: t.int({ description: 'Counts from 1.', resolve: ({ page }) => page }),
    x: t.float({ description: 'Points from the left edge of the page as it is displayed.', resolve: ({ x }) => x }),
    y: t.float({ description: 'Points from its top edge.', resolve: ({ y }) => y }),
  }),
});

const FoundAnchorType = builder.objectRef<FoundText>('FoundAnchor').implement({
  description: 'A text that fields are placed at.',
  fields: (t) => ({
    text: t.string({ description: 'The text.', resolve: ({ text }) => text }),
    count: t.int({ description: 'How often it is there; a field is placed at each.', resolve: ({ count }) => count }),
    places: t.field({
      type: [AnchorPlaceType],
      description: 'Where, in the order of the pages, on each from its top to its bottom; at most the first 100.',
      resolve: ({ places }) => [...places],
    }),
  }),
});

export const CheckedDocumentType = builder.objectRef<PreflightDocument>('CheckedDocument').implement({
  description: 'A document as it was read.',
  fields: (t) => ({
    key: t.string({ description: 'Your name for it.', resolve: ({ key }) => key }),
    pageCount: t.int({
      nullable: true,
      description: 'How many pages it has; null when it could not be read.',
      resolve: ({ pageCount }) => pageCount,
    }),
    anchors: t.field({
      type: [FoundAnchorType],
      description: 'The texts that fields are placed at; empty when it could not be read.',
      resolve: ({ anchors }) => [...anchors],
    }),
  }),
});
