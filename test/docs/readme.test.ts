/**
 * Plays the README: its own blocks, against what `npm start` starts, as somebody would who has nothing but the page.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schema } from '../../src/schema/schema.ts';
import { type Answer, at, eventually, textAt } from '../kit/answer.ts';
import { type Follower, followBySse } from '../kit/follow.ts';
import { atEnd } from '../kit/at-end.ts';
import { spawnCli, whileRunning } from '../system/child.ts';
import { ask } from '../system/kit.ts';

const README = readFileSync('README.md', 'utf8');

function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, named, text = '']) =>
    named === language ? [text] : [],
  );
}

const [follow = '', send = '', connect = ''] = blocks('graphql');
/** The events that the page shows: sequence, type, status, source, and for some the recipient. */
const shown = blocks('')
  .flatMap((text) => text.trim().split('\n'))
  .filter((line) => /^\s*\d+ {2}/.test(line))
  .map((line) => line.trim().split(/ {2,}/));

const Found = z.object({ graphiql: z.url(), sandbox: z.url(), token: z.string() });

describe('the README', { timeout: 120_000 }, () => {
  let url: string;
  let found: z.infer<typeof Found>;
  let follower: Follower;
  let sent: Answer;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-readme-'));
    atEnd(() => rm(directory, { recursive: true, force: true }));
    const { scripts } = z
      .object({ scripts: z.object({ start: z.string() }) })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    const [command, ...args] = scripts.start.split(' ').slice(1);
    if (!command?.endsWith('cli.ts')) throw new Error(`npm start is ${scripts.start}`);
    const free = ['--port', '0', '--sandbox-port', '0', '--data-dir', join(directory, 'data'), '--json'];
    const child = spawnCli([...args, ...free], { cli: command });
    await whileRunning(child, () => child.stdout.endsWith('\n'));
    found = Found.parse(JSON.parse(child.stdout));
    url = new URL(found.graphiql).origin;
  }, 180_000);

  it('has a subscription that runs as it stands', async () => {
    follower = followBySse(found.graphiql, found.token, { query: follow, variables: {} });
    atEnd(() => follower.stop());
    // What the demo has of its own is there before anything is pasted.
    const first = await follower.first((result) => at(result, 'data.events.event.type') === 'RECIPIENT_NOTIFIED');
    expect(first.errors).toBeUndefined();
  });

  it('has a mutation that sends as it stands', async () => {
    sent = await ask(url, found.token, send);
    expect(sent).toMatchObject({
      data: { sendEnvelope: { __typename: 'SendEnvelopePayload', envelope: { status: 'SENT' }, replayed: false } },
    });
  });

  it('leads a person through inbox and signing page', async () => {
    expect(README).toContain('/inbox');
    const inbox = await page(`${found.sandbox}/inbox`);
    const invitation = inbox.sections.find((section) => section.includes('Lease of the house by the lake')) ?? '';
    const signing = await page(new URL(/href="([^"]+)"/.exec(invitation)?.[1] ?? '', inbox.url));
    const action = signing.forms.find((form) => form.endsWith('/sign')) ?? '';
    const signed = await fetch(new URL(action, signing.url), { method: 'POST', body: new URLSearchParams() });
    expect(signed.ok).toBe(true);
  });

  it('shows the events that then come, in the order they come', async () => {
    const id = textAt(sent, 'data.sendEnvelope.envelope.id');
    const ofEnvelope = (): string[][] =>
      follower.results
        .map((result) => at(result, 'data.events.event'))
        .filter((event) => at(event, 'envelope.id') === id)
        .map((event) =>
          ['sequence', 'type', 'status', 'source', 'recipient.name']
            .flatMap((path) => at(event, path) ?? [])
            .map(String),
        );
    await eventually(() => ofEnvelope().length >= shown.length, { what: 'as many events as the README shows' });
    expect(shown.length).toBeGreaterThan(4);
    expect(ofEnvelope().map(toldFirst)).toEqual(shown);
  });

  it('sends once: the mutation again answers the same envelope', async () => {
    const again = await ask(url, found.token, send);
    expect(at(again, 'data.sendEnvelope.replayed')).toBe(true);
    expect(at(again, 'data.sendEnvelope.envelope.id')).toBe(at(sent, 'data.sendEnvelope.envelope.id'));
    expect(at(again, 'data.sendEnvelope.envelope.status')).toBe('COMPLETED');
  });

  it('has nothing that the schema does not know', () => {
    expect(blocks('graphql')).toHaveLength(3);
    for (const block of [follow, send, connect]) expect(validate(schema, parse(block))).toEqual([]);
    expect(connect).toContain('connectAccount');
  });
});

/** Whether the answer to the send or its webhook tells first is for the network to say; nearly always it's the answer. */
function toldFirst(event: readonly string[]): string[] {
  return event.map((cell) => (event[1] === 'ENVELOPE_SENT' && cell === 'WEBHOOK' ? 'COMMAND' : cell));
}

interface Page {
  /** Where it was found, after redirects. */
  readonly url: string;
  readonly sections: readonly string[];
  /** Where its forms lead. */
  readonly forms: readonly string[];
}

async function page(url: string | URL): Promise<Page> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${String(url)} answers ${response.status}`);
  const text = await response.text();
  const forms = [...text.matchAll(/<form method="post" action="([^"]+)"/g)].map(([, action = '']) => action);
  return { url: response.url, sections: text.split('<section>'), forms };
}
