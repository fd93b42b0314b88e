import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../src/model/ids.ts';
import { type Answer, at, codesOf, listAt, textAt } from '../kit/answer.ts';
import { CREATE, envelope, type Input, PROBLEM, send, signer } from '../kit/envelopes.ts';
import { startTenant } from '../kit/tenant.ts';

const { api, tenantId, token, account, sent } = await startTenant();

describe('createSigningUrl', () => {
  const SIGN = `mutation Sign($input: CreateSigningUrlInput!) {
    createSigningUrl(input: $input) {
      ${PROBLEM} ... on WrongState { status } ... on CreateSigningUrlPayload { url singleUse presentation }
    }
  }`;
  const sign = (input: Input): Promise<Answer> =>
    api.gql(token, SIGN, { input: { returnUrl: 'https://app.example/back', ...input } });

  test('for a recipient who is mailed is refused', async () => {
    const { recipients } = await sent();
    expect(await sign({ recipientId: recipients[0] })).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotEmbedded',
          code: 'NOT_EMBEDDED',
          message: 'The provider mails this recipient a link; there is no embedded signing for it.',
          fix: 'Set `embedded: true` on the recipient when the envelope is sent.',
        },
      },
    });
  });

  test('before their turn is refused, and may be asked again', async () => {
    const { recipients } = await sent({
      recipients: [
        signer({ embedded: true }),
        signer({ key: 'second', email: 'second@tenant.example', embedded: true, routingOrder: 2 }),
      ],
    });
    expect(await sign({ recipientId: recipients[1] })).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotTheirTurn',
          message: 'Other recipients come before this one in the routing order.',
          retryable: true,
        },
      },
    });
    expect(await sign({ recipientId: recipients[0] })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload', presentation: 'REDIRECT' } },
    });
  });

  test.each([
    ['another scheme', 'http://app.example/back'],
    ['a script', 'javascript:alert(1)'],
    ['a scheme of no web page on localhost', 'ftp://localhost/back'],
  ])('with a returnUrl of %s is refused', async (_what, returnUrl) => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    expect(await sign({ recipientId: recipients[0], returnUrl })).toMatchObject({
      data: {
        createSigningUrl: {
          issues: [
            {
              code: 'INVALID_FORMAT',
              path: ['returnUrl'],
              message: 'This must be an https address (http on localhost alone).',
            },
          ],
        },
      },
    });
  });

  test('with a returnUrl that is no address is refused', async () => {
    const answer = await sign({ recipientId: 'rcp_1', returnUrl: '/back' });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain('A URL is an absolute address');
  });

  test('with a returnUrl that has no room for its state says how much there is, and takes that much', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const long = `https://app.example/${'x'.repeat(480)}`;
    const answer = await sign({ recipientId: recipients[0], returnUrl: long, waitMs: -1 });
    expect(listAt(answer, 'data.createSigningUrl.issues')).toMatchObject([
      { code: 'OUT_OF_RANGE', path: ['waitMs'] },
      { code: 'TOO_LONG', path: ['returnUrl'] },
    ]);
    const message = textAt(answer, 'data.createSigningUrl.issues.1.message');
    const [, room] =
      /^At most (\d+) characters are taken, since `cs_state` is added; these are 500\.$/.exec(message) ?? [];
    expect(Number(room)).toBeGreaterThanOrEqual(100);
    expect(await sign({ recipientId: recipients[0], returnUrl: long.slice(0, Number(room)) })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } },
    });
  });

  test('of a draft is refused', async () => {
    const made = await api.gql(token, CREATE, {
      input: { envelope: envelope(account, { recipients: [signer({ embedded: true })] }) },
    });
    expect(await sign({ recipientId: textAt(made, 'data.createEnvelope.envelope.recipients.0.id') })).toMatchObject({
      data: {
        createSigningUrl: { __typename: 'WrongState', message: 'A DRAFT envelope can not be signed.', status: 'DRAFT' },
      },
    });
  });

  test('while it is being sent says when to come again', async () => {
    await api.control('POST', '/faults', { route: 'POST /envelopes', kind: 'slow', ms: 3_000 });
    const answer = await send(
      api,
      token,
      { envelope: envelope(account, { recipients: [signer({ embedded: true })] }) },
      { waitMs: 0 },
    );
    const recipientId = textAt(answer, 'data.sendEnvelope.envelope.recipients.0.id');
    const refused = await sign({ recipientId, waitMs: 0 });
    expect(refused).toMatchObject({
      data: {
        createSigningUrl: {
          __typename: 'NotReady',
          message: 'The envelope is still being sent.',
          retryable: true,
          retryAfter: expect.any(String),
        },
      },
    });
    expect(await sign({ recipientId, waitMs: 30_000 })).toMatchObject({
      data: { createSigningUrl: { __typename: 'CreateSigningUrlPayload' } },
    });
  });
});

describe('confirmSigning', () => {
  const confirm = (state: string): Promise<Answer> =>
    api.gql(
      token,
      `mutation Confirm($state: String!) {
        confirmSigning(input: { state: $state }) { ${PROBLEM} ... on ConfirmSigningPayload { recipient { id } } }
      }`,
      { state },
    );
  const refused = {
    data: {
      confirmSigning: {
        __typename: 'InvalidInput',
        issues: [
          {
            code: 'INVALID_FORMAT',
            path: ['state'],
            message: 'This state was not made here, or its time is over.',
          },
        ],
      },
    },
  };
  const { links } = api.gateway.services;
  const inAnHour = new Date(Date.now() + 3_600_000);

  test('of a whole state is taken, of the same with one character changed it is refused', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const state = await links.sign('signing', { tenantId, recipientId }, inAnHour);
    expect(await confirm(state)).toMatchObject({ data: { confirmSigning: { recipient: { id: recipients[0] } } } });
    const [header, payload = '', signature] = state.split('.');
    const forged = [header, `${payload.slice(0, 20)}${payload[20] === 'A' ? 'B' : 'A'}${payload.slice(21)}`, signature];
    expect(await confirm(forged.join('.'))).toMatchObject(refused);
  });

  test('when the provider can not be asked is answered from the cache, and says that and why', async () => {
    const { recipients } = await sent({ recipients: [signer({ embedded: true })] });
    const recipientId = uuidOf('Recipient', recipients[0] ?? '') ?? '';
    const state = await links.sign('signing', { tenantId, recipientId }, inAnHour);
    const confirmed = `mutation Confirm($state: String!) { confirmSigning(input: { state: $state }) {
      ... on ConfirmSigningPayload { recipient { id envelope { sync { stale staleReason } } } }
    } }`;
    await api.control('POST', '/faults', { route: 'GET /envelopes*', kind: 'status', status: 503, times: 1_000 });
    expect(await api.gql(token, confirmed, { state })).toEqual({
      data: {
        confirmSigning: {
          recipient: {
            id: recipients[0],
            envelope: { sync: { stale: true, staleReason: expect.stringContaining("The provider can't be reached") } },
          },
        },
      },
    });
    await api.control('DELETE', '/faults');
    expect(at(await api.gql(token, confirmed, { state }), 'data.confirmSigning.recipient.envelope.sync')).toEqual({
      stale: false,
      staleReason: null,
    });
  });

  test('of a state whose time is over is refused', async () => {
    const state = await links.sign('signing', { tenantId, recipientId: randomUUID() }, new Date(Date.now() - 1_000));
    expect(await confirm(state)).toMatchObject(refused);
  });

  test("of another tenant's state is refused alike", async () => {
    const state = await links.sign('signing', { tenantId: randomUUID(), recipientId: randomUUID() }, inAnHour);
    expect(await confirm(state)).toMatchObject(refused);
  });

  test('of a link that was made for a download is refused', async () => {
    const state = await links.sign('download', { tenantId, recipientId: randomUUID() }, inAnHour);
    expect(await confirm(state)).toMatchObject(refused);
  });

  test('of no state at all is refused', async () => {
    expect(await confirm('')).toMatchObject(refused);
  });
});
