/**
 * Where webhooks may come from, for those who know their provider's addresses. The signature decides either way.
 * @module
 */
import type { IncomingMessage } from 'node:http';
import { addressSet, callerOf } from '../model/addresses.ts';

export interface WebhookSources {
  /** Addresses and CIDR ranges that may call; empty: every one. */
  readonly webhookSources: readonly string[];
  /** Proxies of ours, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** Why a call isn't taken from where it comes, or null. */
export type RefuseSource = (req: Pick<IncomingMessage, 'socket' | 'headers'>) => string | null;

export function sourceGuard({ webhookSources, trustedProxies }: WebhookSources): RefuseSource {
  if (webhookSources.length === 0) return () => null;
  const [allowed, trusted] = [addressSet(webhookSources), addressSet(trustedProxies)];
  return ({ socket, headers }) => {
    const caller = callerOf(socket.remoteAddress ?? '', forwardedFor(headers['x-forwarded-for']), trusted);
    if (caller === null) return 'it is not known from which address it came: X-Forwarded-For names none';
    return allowed.has(caller) ? null : `it came from ${caller}, which is not among WEBHOOK_SOURCES`;
  };
}

/** Node joins repeated headers; the type allows for a list. */
function forwardedFor(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
