import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { at, codesOf, eventually, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';
import { issuesOf as faultsOf } from './issues.ts';

const tenant = await startTenant();
const { api, token, account } = tenant;
const issuesOf = (given: Input) => faultsOf(tenant, given);

const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

async function expiresAt(id: string): Promise<unknown> {
  return at(
    await api.gql(token, 'query Q($id: ID!) { envelope(id: $id) { expiresAt } }', { id }),
    'data.envelope.expiresAt',
  );
}

/** What the provider has of it: when it was sent, and when it will expire. */
async function heldOf(providerId: string): Promise<{ sentAt: number; expiresAt: number }> {
  const held = listAt(await api.control('GET', '/state'), 'envelopes').find(
    (one) => at(one, 'envelopeId') === providerId,
  );
  return { sentAt: Date.parse(textAt(held, 'sentDateTime')), expiresAt: Date.parse(textAt(held, 'expireDateTime')) };
}

describe('the time at which an envelope expires', () => {
  test.each([
    ['its default of 120 days', null, 120],
    ['whole days, rounded up', inDays(10.3), 11],
    ['999 days, its most', inDays(998.9), 999],
  ])('is told as the provider keeps it: %s', async (_what, given, days) => {
    const answer = await send(api, token, { envelope: envelope(account, { expiresAt: given }) });
    const { sentAt, expiresAt: kept } = await heldOf(textAt(answer, 'data.sendEnvelope.envelope.providerId'));
    expect(kept - sentAt).toBe(days * DAY_MS);
    const id = textAt(answer, 'data.sendEnvelope.envelope.id');
    await eventually(async () => Date.parse(String(await expiresAt(id))) === kept, { what: 'what a webhook told' });
  });

  test('of a draft is as it was given', async () => {
    const given = inDays(10.3);
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account, { expiresAt: given }) } });
    expect(await expiresAt(textAt(made, 'data.createEnvelope.envelope.id'))).toBe(given);
    const none = await api.gql(token, CREATE, { input: { envelope: envelope(account) } });
    expect(await expiresAt(textAt(none, 'data.createEnvelope.envelope.id'))).toBeNull();
  });

  test('beyond what the provider takes is refused with the latest that it does, which is taken', async () => {
    const answer = await api.gql(token, '{ accounts(first: 1) { nodes { capabilities { maxExpiryDays } } } }');
    expect(at(answer, 'data.accounts.nodes.0.capabilities')).toEqual({ maxExpiryDays: 999 });
    for (const far of [inDays(999.01), '9999-12-31T23:59:59.999Z']) {
      const [issue, ...others] = await issuesOf(envelope(account, { expiresAt: far }));
      expect(others).toEqual([]);
      expect(issue).toMatchObject({ code: 'OUT_OF_RANGE', path: 'envelope.expiresAt' });
      expect(issue?.message).toMatch(
        /^This provider keeps an envelope for at most 999 days; this time is \d+ days away\.$/,
      );
      const [, latest = ''] =
        /^Give (\S+) or an earlier time, or leave it out\.$/.exec(String(issue?.suggestion)) ?? [];
      expect(await issuesOf(envelope(account, { expiresAt: latest }))).toEqual([]);
    }
  });

  test('of a draft that has passed until it is sent refuses the send', async () => {
    const made = await api.gql(token, CREATE, { input: { envelope: envelope(account, { expiresAt: inDays(1) }) } });
    const draftId = textAt(made, 'data.createEnvelope.envelope.id');
    await api.database.withTenants([tenant.tenantId], (tx) =>
      tx.execute(sql`UPDATE envelopes SET expires_at = '2020-01-01T00:00:00Z' WHERE status = 'DRAFT'`),
    );
    expect(await send(api, token, { draftId })).toMatchObject({
      data: {
        sendEnvelope: {
          __typename: 'InvalidInput',
          issues: [
            {
              code: 'OUT_OF_RANGE',
              path: ['what', 'draftId'],
              message: 'This draft was to expire at 2020-01-01T00:00:00.000Z, which is past.',
              suggestion: 'Give it another `expiresAt` by `updateDraft`, or none.',
            },
          ],
        },
      },
    });
  });
});

const field = (place: Input): Input => ({ kind: 'SIGNATURE', place });
const withFields = (fields: Input[]): Input => envelope(account, { recipients: [signer({ fields })] });

describe('fields', () => {
  test('farther away than any page reaches are refused, also where the page is not known', async () => {
    const fields = [
      field({ at: { document: 'lease', page: 1, x: 1e21, y: 1e21, width: 1e21, height: 1e21 } }),
      field({ anchor: { text: 'Signature:', dx: -14_401, dy: 1e300 } }),
      field({ anchor: { text: 'Signature:', dx: -14_400, dy: 14_400 } }),
    ];
    const issues = (await issuesOf(withFields(fields))).filter(
      ({ message }) => message === 'A page has at most 14400 points.',
    );
    const path = 'envelope.content.documents.recipients.0.fields';
    expect(issues.map((issue) => [issue.code, issue.path])).toEqual(
      [
        '0.place.at.x',
        '0.place.at.y',
        '0.place.at.width',
        '0.place.at.height',
        '1.place.anchor.dx',
        '1.place.anchor.dy',
      ].map((end) => ['OUT_OF_RANGE', `${path}.${end}`]),
    );
  });

  test('more than can be stored at once are refused, as many as can be are taken', async () => {
    const one = field({ at: { document: 'lease', page: 1, x: 1, y: 1 } });
    expect(await issuesOf(withFields(Array.from({ length: 5_001 }, () => one)))).toMatchObject([
      {
        code: 'TOO_MANY',
        path: 'envelope.content.documents.recipients',
        message: 'At most 5000 fields are taken, of all recipients; these are 5001.',
      },
    ]);
    const most = withFields(Array.from({ length: 5_000 }, () => one));
    expect(await api.gql(token, CREATE, { input: { envelope: most } })).toMatchObject({
      data: { createEnvelope: { __typename: 'CreateEnvelopePayload' } },
    });
  });
});

test.each(['createdAfter', 'createdBefore'])('a time that no database has is refused as `%s`', async (name) => {
  const query = 'query Q($f: EnvelopeFilter) { envelopes(first: 1, filter: $f) { nodes { id } } }';
  const ask = (time: string) => api.gql(token, query, { f: { [name]: time } });
  for (const time of ['0000-12-31T23:59:59Z', '0001-01-01T00:00:00+01:00']) {
    expect(codesOf(await ask(time))).toEqual(['BAD_USER_INPUT']);
  }
  for (const time of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) expect((await ask(time)).errors).toBeUndefined();
});
