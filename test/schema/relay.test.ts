/**
 * Relay's own compiler, over the schema as it is printed: an application compiles its queries before it asks any.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../src/schema/schema.ts';
import { atEnd } from '../kit/at-end.ts';

/** Where the compiler is: what its package exports. */
const COMPILER = z.string().parse(createRequire(import.meta.url)('relay-compiler'));

const connections = Object.values(schema.getQueryType()?.getFields() ?? {}).flatMap(({ name, type }) =>
  String(type).endsWith('Connection') ? [name] : [],
);

/** The texts of the queries that come of these documents, each as Relay would send it. Throws what the compiler says. */
async function compile(...documents: string[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-relay-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  const [source, artifacts] = [join(directory, 'src'), join(directory, 'artifacts')];
  await Promise.all([source, artifacts].map((path) => mkdir(path)));
  await copyFile('schema.graphql', join(directory, 'schema.graphql'));
  const module = documents.map((document) => `graphql\`${document}\`;\n`).join('');
  await writeFile(join(source, 'Page.ts'), `import { graphql } from 'relay-runtime';\n${module}`);
  const settings = { src: 'src', schema: 'schema.graphql', artifactDirectory: 'artifacts', language: 'typescript' };
  await writeFile(join(directory, 'relay.config.json'), JSON.stringify(settings));
  await promisify(execFile)(COMPILER, ['relay.config.json'], { cwd: directory, timeout: 20_000 }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(stdout + stderr);
    },
  );
  const made = await readdir(artifacts);
  const queries = await Promise.all(
    made.filter((name) => name.includes('Query.')).map((name) => readFile(join(artifacts, name), 'utf8')),
  );
  return queries.map((artifact) => z.string().parse(JSON.parse(/^ *"text": (".*")$/m.exec(artifact)?.[1] ?? 'null')));
}

describe('the Relay compiler', () => {
  test('is given all the pages there are', () => {
    expect(connections).toEqual(['accounts', 'envelopes', 'events', 'webhookDeliveries']);
  });

  test.each(connections)('takes `@connection` on %s, and makes of it what this schema takes', async (name) => {
    const texts = await compile(`
      query PageQuery($first: Int!, $after: String) {
        ${name}(first: $first, after: $after) @connection(key: "Page_${name}") { edges { node { id } } }
      }`);
    expect(texts).toHaveLength(1);
    for (const text of texts) expect(validate(schema, parse(text))).toEqual([]);
  });

  test.each(connections)('makes %s a list that loads more', async (name) => {
    const texts = await compile(
      'query PageQuery { ...Page_list }',
      `fragment Page_list on Query
      @refetchable(queryName: "PageListQuery")
      @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
        ${name}(first: $first, after: $after) @connection(key: "Page_list_${name}") { edges { node { id } } }
      }`,
    );
    expect(texts).toHaveLength(2);
    for (const text of texts) expect(validate(schema, parse(text))).toEqual([]);
  });
});
