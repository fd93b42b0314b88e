/**
 * Who wants to hear of what: account configurations and per-envelope `eventNotification`, whose members are
 * spelled differently, in one form.
 * @module
 */
import * as z from 'zod';
import { invalidParameter } from './errors.ts';
import { flag, optionalText, text } from './values.ts';

export interface Subscription {
  configurationId: number;
  url: string;
  /** Event names in the JSON SIM form, lower case. */
  events: Set<string>;
  format: 'json' | 'xml';
  includeData: Set<string>;
  acknowledge: boolean;
  log: boolean;
  hmac: boolean;
  timeZone: boolean;
  basic: { userName: string; password: string } | undefined;
}

const textList = z.array(text).nullish();
const eventData = z.looseObject({ version: optionalText, format: optionalText, includeData: textList }).nullish();

const envelopeLevel = z.looseObject({
  url: text,
  requireAcknowledgment: flag,
  loggingEnabled: flag,
  includeHMAC: flag,
  includeTimeZone: flag,
  envelopeEvents: z.array(z.looseObject({ envelopeEventStatusCode: text })).nullish(),
  recipientEvents: z.array(z.looseObject({ recipientEventStatusCode: text })).nullish(),
  events: textList,
  eventData,
});

const accountLevel = z.looseObject({
  urlToPublishTo: text,
  requiresAcknowledgement: flag,
  enableLog: flag,
  includeHMAC: flag,
  includeTimeZoneInformation: flag,
  envelopeEvents: textList,
  recipientEvents: textList,
  events: textList,
  eventData,
  userName: optionalText,
  password: optionalText,
});

export function envelopeSubscription(value: unknown, configurationId: number, httpsOnly: boolean): Subscription {
  const parsed = envelopeLevel.safeParse(value);
  if (!parsed.success) throw invalidParameter(`eventNotification: ${issue(parsed.error)}`);
  const given = parsed.data;
  checkTarget(given.url, httpsOnly);
  return {
    configurationId,
    url: given.url,
    events: eventNames(
      given.events,
      given.envelopeEvents?.map((event) => event.envelopeEventStatusCode),
      given.recipientEvents?.map((event) => event.recipientEventStatusCode),
    ),
    ...content(given.eventData),
    acknowledge: given.requireAcknowledgment ?? false,
    log: given.loggingEnabled ?? false,
    hmac: given.includeHMAC ?? false,
    timeZone: given.includeTimeZone ?? false,
    basic: undefined,
  };
}

export function accountSubscription(value: unknown, configurationId: number, httpsOnly: boolean): Subscription {
  const parsed = accountLevel.safeParse(value);
  if (!parsed.success) throw invalidParameter(`connectConfiguration: ${issue(parsed.error)}`);
  const given = parsed.data;
  checkTarget(given.urlToPublishTo, httpsOnly);
  return {
    configurationId,
    url: given.urlToPublishTo,
    events: eventNames(given.events, given.envelopeEvents, given.recipientEvents),
    ...content(given.eventData),
    acknowledge: given.requiresAcknowledgement ?? false,
    log: given.enableLog ?? false,
    hmac: given.includeHMAC ?? false,
    timeZone: given.includeTimeZoneInformation ?? false,
    basic: given.userName === undefined ? undefined : { userName: given.userName, password: given.password ?? '' },
  };
}

function issue(error: z.ZodError): string {
  const first = error.issues[0];
  return first === undefined ? 'invalid' : `${first.path.join('.')}: ${first.message}`;
}

function checkTarget(url: string, httpsOnly: boolean): void {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || (target.protocol !== 'https:' && (httpsOnly || target.protocol !== 'http:'))) {
    throw invalidParameter(`Invalid URL for Connect: '${url}'.`);
  }
}

/** Version `legacy`, the default, is XML whatever `format` says. */
function content(data: z.infer<typeof eventData>): Pick<Subscription, 'format' | 'includeData'> {
  const json = data?.version?.toLowerCase() === 'restv2.1' && data.format?.toLowerCase() !== 'xml';
  return { format: json ? 'json' : 'xml', includeData: new Set(data?.includeData?.map((name) => name.toLowerCase())) };
}

/** Legacy status codes (`Sent`, `AuthenticationFailed`) name the same events; `Draft` is the created one. */
function eventNames(
  events: string[] | null | undefined,
  envelopeEvents: string[] | null | undefined,
  recipientEvents: string[] | null | undefined,
): Set<string> {
  return new Set([
    ...(events ?? []).map((name) => name.toLowerCase()),
    ...(envelopeEvents ?? []).map(
      (code) => `envelope-${code.toLowerCase() === 'draft' ? 'created' : code.toLowerCase()}`,
    ),
    ...(recipientEvents ?? []).map((code) => `recipient-${code.toLowerCase()}`),
  ]);
}
