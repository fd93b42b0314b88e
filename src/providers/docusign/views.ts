/**
 * Signing sessions for embedded recipients. A second address makes the first one void, so a lost answer costs nothing:
 * asking again is safe. Source: specification of `POST /envelopes/{id}/views/recipient`.
 * @module
 */
import { z } from 'zod';
import { NotTheirTurn, ProviderRefused } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import { json } from '../http.ts';
import type { SigningUrl, SigningUrlRequest } from '../provider.ts';
import { type Api, envelopePath } from './api.ts';

/** "A few minutes" in the documents. Counted from before the request. */
const LIFE_MS = 5 * 60_000;

const view = z.object({ url: z.url({ protocol: /^https?$/ }) });

export async function signingUrl(
  api: Api,
  { providerId, recipient, returnUrl }: SigningUrlRequest,
): Promise<SigningUrl> {
  const expiresAt = addMilliseconds(api.world.now(), LIFE_MS);
  try {
    const { url } = await api.call({
      method: 'POST',
      path: envelopePath(providerId, '/views/recipient'),
      body: {
        returnUrl,
        authenticationMethod: 'none',
        clientUserId: recipient.embeddedId,
        recipientId: recipient.ref,
        userName: recipient.name,
        email: recipient.email,
      },
      effect: 'SAFE',
      take: json(view),
    });
    return { url, expiresAt, singleUse: true };
  } catch (error) {
    const code = error instanceof ProviderRefused ? error.fault.providerCode?.toUpperCase() : null;
    if (code === 'RECIPIENT_NOT_IN_SEQUENCE') throw new NotTheirTurn();
    throw error;
  }
}
