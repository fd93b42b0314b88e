/**
 * Documents for every root field of the schema, generated: all that can be selected, and for each place of the
 * arguments where something of somebody could be named, one set of arguments that names it there.
 * @module
 */
import {
  getNamedType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { schema } from '../../src/schema/schema.ts';

export type Kind = 'query' | 'mutation' | 'subscription';

export interface Visit {
  readonly kind: Kind;
  readonly field: string;
  /** The argument that names something, such as `filter.ids`. */
  readonly place: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What to name. The same number of values for the same name makes the same visits. */
export interface Names {
  /** Public ids, of every kind. */
  readonly ids: readonly string[];
  /** For strings, by the name of the argument: cursors, provider ids, states, metadata … */
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

/** What is right where nothing is named. */
export interface Own {
  /** By the name of the argument. */
  readonly ids: Readonly<Record<string, string>>;
  /** By the root field, what stands in for those. */
  readonly idsOf: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Strings and words of enums, by the name of the argument. */
  readonly texts: Readonly<Record<string, () => string>>;
  /** By name: what is given though it need not be. */
  readonly optional: Readonly<Record<string, unknown>>;
}

/** How deep the result of a root field is selected, where three levels are not all there is. */
const DEPTHS: Readonly<Record<string, number>> = { validateEnvelope: 6 };

export function rootFields(kind: Kind): GraphQLField<unknown, unknown>[] {
  const root =
    kind === 'query'
      ? schema.getQueryType()
      : kind === 'mutation'
        ? schema.getMutationType()
        : schema.getSubscriptionType();
  return Object.values(root?.getFields() ?? {});
}

export function visits(names: Names, own: Own): Visit[] {
  return (['query', 'mutation', 'subscription'] as const).flatMap((kind) =>
    rootFields(kind).flatMap((field) =>
      argumentSets(field, names, { ...own, ids: { ...own.ids, ...own.idsOf[field.name] } }).flatMap(
        ({ place, variables }) =>
          documentsFor(kind, field).map((document) => ({ kind, field: field.name, place, document, variables })),
      ),
    ),
  );
}

/** One document; of an interface one for each of its types, since their fields share names and not types. */
export function documentsFor(kind: Kind, { name, args, type }: GraphQLField<unknown, unknown>): string[] {
  const declared = args.map((arg) => `$${arg.name}: ${optional(arg.type, arg.defaultValue)}`).join(', ');
  const given = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const named = getNamedType(type);
  const selections = isInterfaceType(named)
    ? schema.getPossibleTypes(named).map((member) => `{ __typename ... on ${member.name} ${selectionOf(member, 2)} }`)
    : [selectionOf(type, DEPTHS[name] ?? 3)];
  return selections.map(
    (selection) => `${kind} Walk${declared && `(${declared})`} { ${name}${given && `(${given})`} ${selection} }`,
  );
}

function optional(type: GraphQLInputType, preset: unknown): string {
  return preset === undefined ? String(type) : String(type).replace(/!$/, '');
}

/** Of edges the cursor alone: their nodes are selected as `nodes`. */
function selectionOf(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (named.name.endsWith('Edge')) return '{ cursor }';
  if (isAbstractType(named)) {
    const members = schema
      .getPossibleTypes(named)
      .map((member) => `... on ${member.name} ${selectionOf(member, depth - 1)}`);
    return `{ __typename ${members.join(' ')} }`;
  }
  const fields = Object.values(named.getFields()).flatMap((field) => {
    if (field.args.some((arg) => isNonNullType(arg.type))) return [];
    if (isLeafType(getNamedType(field.type))) return [field.name];
    return depth > 0
      ? [`${field.name} ${selectionOf(field.type, depth - (named.name.endsWith('Connection') ? 1 : 2))}`]
      : [];
  });
  return `{ ${['__typename', ...fields].join(' ')} }`;
}

interface Variant {
  readonly place: string;
  readonly value: unknown;
}

function argumentSets(
  { args }: GraphQLField<unknown, unknown>,
  names: Names,
  own: Own,
): { place: string; variables: Record<string, unknown> }[] {
  const plain = Object.fromEntries(args.flatMap((arg) => baseEntry(arg.name, arg.type, arg.defaultValue, own)));
  const named = args.flatMap((arg) =>
    variants(arg.name, arg.type, names, own).map(({ place, value }) => ({
      place,
      variables: { ...plain, [arg.name]: value },
    })),
  );
  return [{ place: '', variables: plain }, ...named];
}

/** Arguments that name nothing: what is required, and what is given all the same. */
function baseEntry(name: string, type: GraphQLInputType, preset: unknown, own: Own): [string, unknown][] {
  if (!isNonNullType(type) || preset !== undefined) return name in own.optional ? [[name, own.optional[name]]] : [];
  return [[name, baseValue(name, type, own)]];
}

function baseValue(name: string, type: GraphQLInputType, own: Own): unknown {
  if (isNonNullType(type)) return baseValue(name, type.ofType, own);
  if (isListType(type)) return [baseValue(name, type.ofType, own)];
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const [first] = fields;
    if (type.isOneOf && first) return { [first.name]: baseValue(first.name, first.type, own) };
    return Object.fromEntries(fields.flatMap((field) => baseEntry(field.name, field.type, field.defaultValue, own)));
  }
  if (isEnumType(type)) return own.texts[name]?.() ?? type.getValues()[0]?.name;
  switch ((type satisfies GraphQLNamedType).name) {
    case 'ID':
      return own.ids[name] ?? own.ids['id'];
    case 'Int':
      return name === 'first' ? 50 : 1;
    case 'Float':
      return 1;
    case 'Boolean':
      return true;
    case 'DateTime':
      return '2020-01-01T00:00:00Z';
    default:
      return own.texts[name]?.() ?? 'text';
  }
}

/** Each place within the argument where something can be named, with each name once; lists of ids name all at once. */
function variants(name: string, type: GraphQLInputType, names: Names, own: Own): Variant[] {
  if (isNonNullType(type)) return variants(name, type.ofType, names, own);
  if (isListType(type)) {
    const inner = getNamedType(type);
    if (inner.name === 'ID') return [{ place: name, value: names.ids }];
    return variants(name, type.ofType, names, own).map(({ place, value }) => ({ place, value: [value] }));
  }
  if (isInputObjectType(type)) {
    const base = baseValue(name, type, own);
    return Object.values(type.getFields()).flatMap((field) =>
      variants(field.name, field.type, names, own).map(({ place, value }) => ({
        place: `${name}.${place}`,
        value: { ...(type.isOneOf ? {} : Object(base)), [field.name]: value },
      })),
    );
  }
  const values = getNamedType(type).name === 'ID' ? names.ids : (names.texts[name] ?? []);
  return values.map((value) => ({ place: name, value }));
}
