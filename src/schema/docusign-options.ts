/**
 * What only DocuSign has: as it is given with an envelope, and as it is read back.
 * @module
 */
import type { DocusignOptions } from '../model/envelope.ts';
import { builder } from './builder.ts';

const RemindersInput = builder.inputType('DocusignRemindersInput', {
  description: 'Mails that DocuSign sends by itself to those whose turn it is.',
  fields: (t) => ({
    afterDays: t.int({ required: true, description: 'Days until the first one, 1 to 999.' }),
    everyDays: t.int({ required: true, description: 'Days from one to the next, 1 to 999.' }),
  }),
});

export const DocusignOptionsInput = builder.inputType('DocusignOptionsInput', {
  description: 'What only DocuSign has.',
  fields: (t) => ({
    reminders: t.field({
      type: RemindersInput,
      description:
        "Left out, nobody is reminded if `expiresAt` is given, and as the account's defaults say if it is not.",
    }),
    expiryWarningDays: t.int({
      description:
        'Days before `expiresAt` at which those who have not signed are warned, 1 to 999; no warning when left out.',
    }),
  }),
});

export function docusignOptions(
  given: typeof DocusignOptionsInput.$inferInput | null | undefined,
): DocusignOptions | null {
  if (!given) return null;
  return { reminders: given.reminders ?? null, expiryWarningDays: given.expiryWarningDays ?? null };
}

const RemindersType = builder.objectRef<NonNullable<DocusignOptions['reminders']>>('DocusignReminders').implement({
  description: 'Mails that DocuSign sends by itself to those whose turn it is.',
  fields: (t) => ({
    afterDays: t.int({ description: 'Days until the first one.', resolve: ({ afterDays }) => afterDays }),
    everyDays: t.int({ description: 'Days from one to the next.', resolve: ({ everyDays }) => everyDays }),
  }),
});

export const DocusignOptionsType = builder.objectRef<DocusignOptions>('DocusignOptions').implement({
  description: 'What only DocuSign has, as it was given.',
  fields: (t) => ({
    reminders: t.field({
      type: RemindersType,
      nullable: true,
      description: 'Null when none were asked for.',
      resolve: ({ reminders }) => reminders,
    }),
    expiryWarningDays: t.int({
      nullable: true,
      description: 'Days before `expiresAt` at which those who have not signed are warned; null for no warning.',
      resolve: ({ expiryWarningDays }) => expiryWarningDays,
    }),
  }),
});
