/**
 * What is compared after the storm: what the sandbox knows to have happened, and what the gateway tells.
 */
import { z } from 'zod';
import { listAt, at } from '../kit/answer.ts';
import type { System } from './kit.ts';

const Entry = z.looseObject({
  seq: z.number(),
  kind: z.string(),
  event: z.string().optional(),
  envelopeId: z.string().optional(),
  recipientId: z.string().optional(),
  messageId: z.string().optional(),
  outcome: z.string().optional(),
});
export type Entry = z.infer<typeof Entry>;

export async function ledger({ control }: Pick<System, 'control'>, kind: string): Promise<Entry[]> {
  return z.object({ entries: z.array(Entry) }).parse(await control('GET', `/ledger?kind=${kind}`)).entries;
}

const ProviderEnvelope = z.object({ envelopeId: z.string(), status: z.string() });

/** Status by the provider's id, as the sandbox has it. */
export async function providerStatuses({ control }: System): Promise<Map<string, string>> {
  const { envelopes } = z.object({ envelopes: z.array(ProviderEnvelope) }).parse(await control('GET', '/state'));
  return new Map(envelopes.map(({ envelopeId, status }) => [envelopeId, status]));
}

const Envelope = z.object({
  id: z.string(),
  subject: z.string(),
  status: z.string(),
  providerId: z.string().nullable(),
  providerStatus: z.string().nullable(),
  commands: z.array(z.object({ state: z.string() })),
});
export type Envelope = z.infer<typeof Envelope>;

export function envelopesOf(system: System): Promise<Envelope[]> {
  return pages(system, 'envelopes', Envelope, 'id subject status providerId providerStatus commands { state }');
}

const Delivery = z.object({ body: z.string().nullable() });

/** The webhooks in the store, by what they say of themselves. */
export async function storedDeliveries(system: System) {
  const Body = z.object({
    event: z.string(),
    generatedDateTime: z.string(),
    data: z.object({ envelopeId: z.string(), recipientId: z.string().optional() }),
  });
  const rows = await pages(system, 'webhookDeliveries', Delivery, 'body');
  return rows.map(({ body }) => Body.parse(JSON.parse(body ?? 'null')));
}

/** The log from its first event on. */
export async function sequencesOf(system: System): Promise<number[]> {
  const rows = await pages(system, 'events', z.object({ sequence: z.coerce.number() }), 'sequence');
  return rows.map(({ sequence }) => sequence);
}

async function pages<T>({ gql }: System, field: string, shape: z.ZodType<T>, selection: string): Promise<T[]> {
  const rows: T[] = [];
  let after: string | null = null;
  do {
    const answer = await gql(
      `query Page($after: String) { ${field}(first: 100, after: $after) { nodes { ${selection} } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    rows.push(...z.array(shape).parse(listAt(answer, `data.${field}.nodes`)));
    const more = at(answer, `data.${field}.pageInfo.hasNextPage`) === true;
    after = more ? z.string().parse(at(answer, `data.${field}.pageInfo.endCursor`)) : null;
  } while (after !== null);
  return rows;
}
