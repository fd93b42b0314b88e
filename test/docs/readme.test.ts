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
import { demoTabs } from '../../src/cli/demo-tabs.ts';
import { welcome } from '../../src/cli/welcome.ts';
import { schema } from '../../src/schema/schema.ts';
import { type Answer, at, eventually, listAt, textAt } from '../kit/answer.ts';
import { type Follower, followBySse } from '../kit/follow.ts';
import { atEnd } from '../kit/at-end.ts';
import { spawnCli, whileRunning } from '../system/child.ts';
import { ask } from '../system/kit.ts';
import { blocks, pressedIn, README, steps } from './readme.ts';

const [send = '', follow = '', connect = ''] = blocks('graphql');
/** The events that the page shows: sequence, type, status, source, and for some the recipient. */
const shown = blocks('')
  .flatMap((text) => text.trim().split('\n'))
  .filter((line) => /^\s*\d+ {2}/.test(line))
  .map((line) => line.trim().split(/ {2,}/));

const Found = z.object({ graphiql: z.url(), sandbox: z.url(), token: z.string(), account: z.string() });

const LOG = `query Log($filter: EventFilter) {
  events(first: 100, filter: $filter) { nodes { sequence type status source recipient { name } } }
}`;

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
    if (!command?.endsWith('cli.cjs')) throw new Error(`npm start is ${scripts.start}`);
    const free = ['--port', '0', '--sandbox-port', '0', '--data-dir', join(directory, 'data'), '--json'];
    const child = spawnCli([...args, ...free], { cli: command });
    await whileRunning(child, () => child.stdout.endsWith('\n'));
    found = Found.parse(JSON.parse(child.stdout));
    url = new URL(found.graphiql).origin;
  }, 180_000);

  /** Cells of each event, as the page shows them. */
  async function logOf(id?: string): Promise<string[][]> {
    const answer = await ask(url, found.token, LOG, { filter: id === undefined ? null : { envelopeIds: [id] } });
    return listAt(answer, 'data.events.nodes').map((event) =>
      ['sequence', 'type', 'status', 'source', 'recipient.name'].flatMap((path) => at(event, path) ?? []).map(String),
    );
  }

  it('has a mutation that sends as it stands', async () => {
    // What the demo has of its own is there before anybody has read so far.
    await eventually(async () => (await logOf()).some(([, type]) => type === 'RECIPIENT_NOTIFIED'));
    sent = await ask(url, found.token, send);
    expect(sent).toMatchObject({
      data: { sendEnvelope: { __typename: 'SendEnvelopePayload', envelope: { status: 'SENT' }, replayed: false } },
    });
  });

  it('has a subscription that follows after the cursor of the answer', async () => {
    const variables = { logCursor: textAt(sent, 'data.sendEnvelope.envelope.logCursor') };
    follower = followBySse(found.graphiql, found.token, { query: follow, variables });
    atEnd(() => follower.stop());
    expect((await follower.first(() => true)).errors).toBeUndefined();
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

  it('shows the log of the envelope, and Follow tells what of it comes after the answer', async () => {
    const end = await follower.first((result) => at(result, 'data.events.event.type') === 'ENVELOPE_COMPLETED');
    expect(end.errors).toBeUndefined();
    const log = await logOf(textAt(sent, 'data.sendEnvelope.envelope.id'));
    expect(shown.length).toBeGreaterThan(4);
    expect(log.map(toldFirst)).toEqual(shown);
    const told = follower.results.flatMap((result) => at(result, 'data.events.event.type') ?? []);
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(told).toEqual(log.slice(-told.length).map(([, type]) => type));
  });

  it('sends once: the mutation again answers the same envelope', async () => {
    const again = await ask(url, found.token, send);
    expect(at(again, 'data.sendEnvelope.replayed')).toBe(true);
    expect(at(again, 'data.sendEnvelope.envelope.id')).toBe(at(sent, 'data.sendEnvelope.envelope.id'));
    expect(at(again, 'data.sendEnvelope.envelope.status')).toBe('COMPLETED');
  });

  it('shows what the tabs of GraphiQL hold', () => {
    const [first, second] = demoTabs(found.account, 'env_1');
    expect([first?.query, second?.query]).toEqual([send, follow]);
    expect(validate(schema, parse(follow))).toEqual([]);
    expect(Object.keys(JSON.parse(second?.variables ?? ''))).toEqual(['logCursor']);
  });

  it('has the steps that `npm start` prints, in the same order', () => {
    const printed = welcome(found);
    const names = steps()
      .flatMap(pressedIn)
      .filter((name) => name !== 'Execute query');
    expect(names.length).toBeGreaterThan(3);
    const places = [...names, 'COMPLETED'].map((name) => printed.search(new RegExp(`\\b${name}\\b`)));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(printed.match(/^ {2}\d\. /gm)).toHaveLength(steps().length);
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
