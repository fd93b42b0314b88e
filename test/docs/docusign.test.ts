/**
 * Plays the page on DocuSign: its own blocks, with the sandbox's keys in the places of those that a person has.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { at, eventually, listAt, textAt } from '../kit/answer.ts';
import { envelope, send } from '../kit/envelopes.ts';
import { startTestGateway } from '../kit/gateway.ts';

const PAGE = readFileSync('docs/providers/docusign.md', 'utf8');

function blocks(language: string): string[] {
  return [...PAGE.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, named, text = '']) =>
    named === language ? [text] : [],
  );
}

const [connect = '', health = '', signed = '', timeline = ''] = blocks('graphql');
const Variables = z.strictObject({
  input: z.strictObject({
    environment: z.literal('DEMO'),
    credentials: z.strictObject({
      docusign: z.strictObject({
        integrationKey: z.string(),
        userId: z.string(),
        privateKey: z.string(),
        hmacKeys: z.array(z.string()),
      }),
    }),
  }),
});

const api = await startTestGateway();
const token = await api.token({ tenantId: randomUUID() });

describe('the page on DocuSign', () => {
  let account: string;
  let id: string;

  beforeAll(async () => {
    const { input } = Variables.parse(JSON.parse(blocks('json')[0] ?? ''));
    const { integrationKey, userId, privateKey, hmacKeys } = api.sandbox.credentials;
    const keys = { ...input.credentials.docusign, integrationKey, userId, privateKey, hmacKeys };
    const answer = await api.gql(token, connect, {
      input: {
        ...input,
        environment: 'SANDBOX',
        credentials: { docusign: { ...keys, oauthUrl: api.sandbox.url } },
      },
    });
    account = textAt(answer, 'data.connectAccount.account.id');
    const made = at(await send(api, token, { envelope: envelope(account) }), 'data.sendEnvelope.envelope');
    id = textAt(made, 'id');
    await api.control('POST', `/envelopes/${textAt(made, 'providerId')}/sign`);
  });

  it('has four operations, each of which is played here', () => {
    expect(blocks('graphql')).toHaveLength(4);
  });

  it('asks for the health of the account', async () => {
    const answer = await api.gql(token, health, { account });
    expect(answer.errors).toBeUndefined();
    expect(listAt(answer, 'data.account.health.checks')).toContainEqual(expect.objectContaining({ state: 'OK' }));
  });

  it('fetches what was signed', async () => {
    const answer = await eventually(async () => {
      const now = await api.gql(token, signed, { envelope: id });
      return at(now, 'data.envelope.evidence') !== null && now;
    });
    expect(answer.errors).toBeUndefined();
    const response = await fetch(textAt(answer, 'data.envelope.evidence.combined.url'));
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
  });

  it('tells what happened', async () => {
    const answer = await api.gql(token, timeline, { envelope: id });
    expect(answer.errors).toBeUndefined();
    expect(at(answer, 'data.envelope.timeline.0')).toMatchObject({
      __typename: 'CommandAsked',
      command: { kind: 'SEND', askedBy: 'tester' },
    });
  });

  it.each([...PAGE.matchAll(/\]\((\.\.[^)#]+)/g)].map(([, path = '']) => path))(
    'links to %s, which is there',
    (path) => {
      expect(readFileSync(new URL(path, new URL('../../docs/providers/', import.meta.url)), 'utf8')).not.toBe('');
    },
  );
});
