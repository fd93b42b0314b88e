/**
 * The one Connect configuration that sends us an account's webhooks: made when it is missing, mended when it differs,
 * never made twice. Its members are spelled otherwise than those of an envelope's `eventNotification`.
 * Source: specification of `/connect`; developer documentation, "Create Connect configuration".
 * @module
 */
import { z } from 'zod';
import { OutcomeUnknown, ProviderRefused, ProviderUnavailable } from '../../model/problems.ts';
import { addMilliseconds } from '../../model/time.ts';
import { json, readText } from '../http.ts';
import type { AccountWebhook, RegisteredWebhook } from '../provider.ts';
import { type Api, type ApiCall, segment } from './api.ts';
import { differences, wantedConfiguration } from './configuration-differences.ts';

const configuration = z.looseObject({ connectId: z.union([z.string(), z.number()]).transform(String) });
export type Configuration = z.output<typeof configuration>;

const configurations = z.object({ configurations: z.array(configuration).nullish() });

export async function registerWebhook(api: Api, webhook: AccountWebhook): Promise<RegisteredWebhook> {
  try {
    return await register(api, webhook);
  } catch (error) {
    throw asAdministrator(error);
  }
}

async function register(api: Api, webhook: AccountWebhook): Promise<RegisteredWebhook> {
  const [found] = await findOurs(api, webhook);
  if (!found) return create(api, webhook);
  const repaired = differences(found, webhook);
  if (repaired.length > 0) await save(api, { ...wantedConfiguration(webhook), connectId: found.connectId });
  await removeOthers(api, webhook, found.connectId);
  return {
    providerWebhookId: found.connectId,
    outcome: repaired.length > 0 ? 'REPAIRED' : 'UNCHANGED',
    repaired,
  };
}

export async function removeWebhook(api: Api, webhook: AccountWebhook): Promise<boolean> {
  const [found] = await findOurs(api, webhook);
  await removeOthers(api, webhook, null);
  return found !== undefined;
}

/** Ours, the oldest first: by the address nobody else knows, or by the name, should our address have changed. */
export async function findOurs(
  api: Api,
  { url, name }: AccountWebhook,
  patience: Pick<ApiCall<unknown>, 'timeoutMs' | 'maxTries'> = {},
): Promise<Configuration[]> {
  const answer = await api.call({
    ...patience,
    method: 'GET',
    path: '/connect',
    effect: 'SAFE',
    take: json(configurations),
  });
  return (answer.configurations ?? [])
    .filter((one) => one['urlToPublishTo'] === url || one['name'] === name)
    .toSorted((a, b) => a.connectId.length - b.connectId.length || (a.connectId < b.connectId ? -1 : 1));
}

async function create(api: Api, webhook: AccountWebhook): Promise<RegisteredWebhook> {
  let lost: OutcomeUnknown | null = null;
  try {
    await api.call({
      method: 'POST',
      path: '/connect',
      body: wantedConfiguration(webhook),
      effect: 'WRITE',
      take: async (response) => void (await readText(response)),
    });
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    lost = error;
  }
  // Another process may have made one at the same moment: all of them keep the oldest and take the rest away. And a
  // create whose answer was lost is there, or it is not.
  const [kept] = await findOurs(api, webhook);
  if (!kept) {
    const retryAfter = lost?.retryAfter ?? addMilliseconds(api.world.now(), LISTED_SOON_MS);
    throw new ProviderUnavailable(lost?.fault ?? NOT_LISTED, { retryAfter });
  }
  await removeOthers(api, webhook, kept.connectId);
  return { providerWebhookId: kept.connectId, outcome: 'CREATED', repaired: [] };
}

/** When to ask again for a registration that isn't listed yet. */
const LISTED_SOON_MS = 2_000;
const NOT_LISTED = {
  providerCode: null,
  providerMessage: 'the configuration was made and is not listed yet',
  providerStatus: null,
  traceId: null,
};

/** What is saved is saved whole, so saving it again does no harm. */
async function save(api: Api, body: Readonly<Record<string, unknown>>): Promise<void> {
  await api.call({
    method: 'PUT',
    path: '/connect',
    body,
    effect: 'SAFE',
    take: async (response) => void (await readText(response)),
  });
}

/** What is ours beside the one that is kept. Another process may be at the same: gone is gone, whoever did it. */
async function removeOthers(api: Api, webhook: AccountWebhook, kept: string | null): Promise<void> {
  const others = async (): Promise<Configuration[]> =>
    (await findOurs(api, webhook)).filter(({ connectId }) => connectId !== kept);
  let refused: ProviderRefused | null = null;
  for (const { connectId } of await others()) refused = (await remove(api, connectId)) ?? refused;
  if (refused && (await others()).length > 0) throw refused;
}

/** Null when it is gone, else why not. */
async function remove(api: Api, connectId: string): Promise<ProviderRefused | null> {
  try {
    await api.call({
      method: 'DELETE',
      path: `/connect/${segment(connectId)}`,
      effect: 'SAFE',
      take: async (response) => void (await readText(response)),
    });
    return null;
  } catch (error) {
    if (error instanceof ProviderRefused) return error;
    throw error;
  }
}

const PERMISSION = /^(?:ACCOUNT|USER)_LACKS_|^USER_DOES_NOT_BELONG|^USER_NOT_/i;

/** Whoever isn't an administrator of the account is told that this is what it takes. */
function asAdministrator(error: unknown): unknown {
  if (!(error instanceof ProviderRefused) || !PERMISSION.test(error.fault.providerCode ?? '')) return error;
  const fix =
    'A configuration for the whole account takes an administrator of it: give the user that permission in DocuSign Admin, or use the webhook mode PER_ENVELOPE.';
  return new ProviderRefused(error.fault, { fix });
}
