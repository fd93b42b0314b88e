/**
 * Switches for what is not known first-hand of the real platform, and for what a test may want otherwise.
 * Each has a default; the control API changes them while the sandbox runs.
 * @module
 */
import * as z from 'zod';

const settingsSchema = z.strictObject({
  /** What a second create with a known transactionId does. The platform most likely makes a second envelope. */
  transactionIdReuse: z.enum(['second', 'same', 'refuse']).default('second'),
  /** Member `envelopes` of an empty list. */
  emptyList: z.enum(['absent', 'null', 'empty']).default('absent'),
  /** Lists show an envelope only this many milliseconds after it was created. */
  listLagMs: z.number().min(0).default(0),
  /** Which of a repeated query parameter counts. */
  repeatedParameters: z.enum(['first', 'all']).default('first'),
  /** Body of a successful `PUT /envelopes/{id}`: the id, or the older `SUCCESS`. */
  updateAnswer: z.enum(['id', 'success']).default('id'),
  /** The envelope returns from `delivered` to `sent` when the next routing order is notified. */
  deliveredReturnsToSent: z.boolean().default(false),
  /** How long the transient `signed` of recipient and envelope lasts before `completed`; 0 = never seen. */
  signedForMs: z.number().min(0).default(0),
  /** Anchor texts that no document holds: an array of texts, or `*` for every one. */
  missingAnchors: z.union([z.literal('*'), z.array(z.string())]).default([]),
  /** Whether a Connect message shows the envelope as it was at the event or as it is at each attempt. */
  summarySnapshot: z.enum(['event', 'delivery']).default('event'),
  generatedDateTimeOnRetry: z.enum(['kept', 'fresh']).default('kept'),
  retryProfile: z.enum(['exponential', 'quick', 'daily']).default('exponential'),
  /** Divides every retry delay and the webhook time-out. */
  timeFactor: z.number().positive().default(1),
  /** An attempt without an answer fails after this long (before the time factor), milliseconds. */
  webhookTimeoutMs: z.number().positive().default(100_000),
  /** The platform takes https targets only; a local sandbox takes both. */
  requireHttpsTargets: z.boolean().default(false),
  tokenLifetimeSeconds: z.number().positive().default(3600),
  /** Added to the sandbox's clock when it judges `exp`, `nbf` and `iat` of an assertion. */
  oauthClockSkewMs: z.number().default(0),
  /** How far the platform's clock, as its `Date` headers tell it, is ahead of the machine's. */
  dateSkewMs: z.number().default(0),
  scopeInTokenAnswer: z.boolean().default(true),
});

export type Settings = z.infer<typeof settingsSchema>;

export function defaultSettings(): Settings {
  return settingsSchema.parse({});
}

/** The settings with `change` applied; throws a ZodError that names the wrong member. */
export function changedSettings(settings: Settings, change: unknown): Settings {
  const partial = z.record(z.string(), z.unknown()).parse(change);
  return settingsSchema.parse({ ...settings, ...partial });
}
