/**
 * Logs as lines of JSON. Fields are allowed one by one: what isn't listed here is not written, so that neither a secret
 * nor a person's address gets into a log by way of an object that happened to hold one.
 * @module
 */
import { type DestinationStream, pino } from 'pino';
import { cleanedText } from './cleaned-text.ts';
import { redactedError } from './redacted-error.ts';

const FIELDS = [
  'tenantId',
  'accountId',
  'envelopeId',
  'recipientId',
  'commandId',
  'deliveryId',
  'requestId',
  'id',
  'kind',
  'provider',
  'code',
  'status',
  'providerCode',
  'providerStatus',
  'traceId',
  'attempt',
  'ms',
  'count',
  'port',
  'transport',
  'operation',
] as const;

export type LogFields = { readonly [name in (typeof FIELDS)[number]]?: string | number | null | undefined } & {
  readonly err?: unknown;
};

export interface Logger {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info';

export function createLogger(options: { level: LogLevel; destination?: DestinationStream }): Logger {
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return {
    info: (fields, message) => logger.info(allowed(fields), cleanedText(message)),
    warn: (fields, message) => logger.warn(allowed(fields), cleanedText(message)),
    error: (fields, message) => logger.error(allowed(fields), cleanedText(message)),
  };
}

function allowed(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const value: unknown = fields[name];
    if (typeof value === 'string') kept[name] = cleanedText(value);
    else if (typeof value === 'number' || value === null) kept[name] = value;
  }
  if (fields.err !== undefined) kept['err'] = redactedError(fields.err);
  return kept;
}
