import {
  assertObjectType,
  assertUnionType,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/schema.ts';

const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
const BUILT_IN = new Set(['Boolean', 'Float', 'ID', 'Int', 'String']);

interface Described {
  readonly path: string;
  readonly description: string | null | undefined;
}

/** The type and all that it declares, each by its path. */
function declared(type: GraphQLNamedType): Described[] {
  const own = [{ path: type.name, description: type.description }];
  if (isEnumType(type)) {
    return [
      ...own,
      ...type.getValues().map(({ name, description }) => ({ path: `${type.name}.${name}`, description })),
    ];
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return [...own, ...fields.map(({ name, description }) => ({ path: `${type.name}.${name}`, description }))];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return own;
  const fields: Described[] = [];
  for (const { name, description, args } of Object.values(type.getFields())) {
    fields.push({ path: `${type.name}.${name}`, description });
    for (const arg of args) fields.push({ path: `${type.name}.${name}(${arg.name})`, description: arg.description });
  }
  return [...own, ...fields];
}

describe('the schema', () => {
  test('describes every type, field, argument and enum value', () => {
    const all = types.filter(({ name }) => !BUILT_IN.has(name)).flatMap(declared);
    expect(all.length).toBeGreaterThan(300);
    expect(all.filter(({ description }) => !description?.trim()).map(({ path }) => path)).toEqual([]);
  });

  test('lets every root field be null, so that one that fails leaves its neighbours', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((root) => Object.values(root?.getFields() ?? {}));
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([]);
  });

  test('has no type that would shadow a global in generated code', () => {
    expect(types.map(({ name }) => name).filter((name) => name === 'Error' || name === 'Event')).toEqual([]);
  });

  test('calls pages, and nothing else, a connection', () => {
    const connections = types.filter(({ name }) => name.endsWith('Connection'));
    expect(connections.map(({ name }) => name).toSorted()).toEqual([
      'AccountConnection',
      'EnvelopeConnection',
      'EnvelopeEventConnection',
      'WebhookDeliveryConnection',
    ]);
    for (const type of connections) {
      expect(isObjectType(type) && Object.keys(type.getFields())).toEqual(
        expect.arrayContaining(['edges', 'nodes', 'pageInfo']),
      );
    }
  });

  test("has Relay's four fields in `PageInfo`", () => {
    const pageInfo = assertObjectType(schema.getType('PageInfo'));
    const fields = Object.values(pageInfo.getFields()).map(({ name, type }) => `${name}: ${String(type)}`);
    expect(fields.toSorted()).toEqual([
      'endCursor: String',
      'hasNextPage: Boolean!',
      'hasPreviousPage: Boolean!',
      'startCursor: String',
    ]);
  });

  test('takes one argument `input` for each mutation, and answers a union of the payload and problems', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    for (const { name, args, type } of fields) {
      expect([name, args.map((arg) => arg.name)]).toEqual([name, ['input']]);
      const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      expect(String(type)).toBe(`${title}Result`);
      const [payload, ...problems] = schema
        .getPossibleTypes(assertUnionType(schema.getType(`${title}Result`)))
        .toSorted((a, b) => Number(b.name.endsWith('Payload')) - Number(a.name.endsWith('Payload')));
      expect(payload?.name).toBe(`${title}Payload`);
      for (const problem of problems) expect(problem.getInterfaces().map((its) => its.name)).toContain('Problem');
    }
  });

  test('gives a field the same type in all members of a union, so that one document selects it on each', () => {
    const differing = types.filter(isUnionType).flatMap((union) => {
      const fields = schema.getPossibleTypes(union).flatMap((member) => Object.values(member.getFields()));
      const byName = Object.groupBy(fields, ({ name }) => name);
      return Object.entries(byName)
        .filter(([, same = []]) => new Set(same.map(({ type }) => String(type))).size > 1)
        .map(([name]) => `${union.name}.${name}`);
    });
    expect(types.filter(isUnionType).length).toBeGreaterThan(10);
    expect(differing).toEqual([]);
  });

  test('takes `first` as a required argument wherever there are pages', () => {
    const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
    const pages = fields.filter(({ type }) => String(type).endsWith('Connection'));
    expect(pages.map(({ args }) => String(args.find(({ name }) => name === 'first')?.type))).toEqual(
      pages.map(() => 'Int!'),
    );
  });
});
