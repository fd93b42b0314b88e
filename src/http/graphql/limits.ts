/**
 * What an operation may cost before it runs. One set for every transport, each refusal with its own code.
 * @module
 */
import { EnvelopArmor } from '@escape.tech/graphql-armor';
import {
  type DocumentNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { refusal } from './errors.ts';

export const LIMITS = {
  /** Levels of fields; a fragment spread and an inline fragment count as one. */
  depth: 8,
  aliases: 15,
  directives: 5,
  tokens: 400,
  /** In armor's measure: 2 per object, 1 per scalar, each level times 1.5. */
  cost: 5_000,
  /** Root fields of one mutation: an aliased mutation a hundred times is a hundred sends. */
  mutations: 5,
} as const;

const LIMIT_CODES: ReadonlySet<unknown> = new Set([
  'QUERY_TOO_DEEP',
  'TOO_MANY_ALIASES',
  'TOO_MANY_DIRECTIVES',
  'TOO_MANY_TOKENS',
  'QUERY_TOO_COSTLY',
  'TOO_MANY_MUTATIONS',
  'INTROSPECTION_OFF',
]);

/** By document: its costliest operation. A document that comes again is parsed and measured once. */
const costs = new WeakMap<DocumentNode, number>();
const Accepted = z.object({ n: z.number() });

function noteCost(context: ValidationContext | null, details: unknown): void {
  const document = context?.getDocument();
  if (document) costs.set(document, Math.max(costs.get(document) ?? 0, Accepted.parse(details).n));
}

/** What the operation was measured to cost, against what one may; null for a document that was never validated here. */
export function costOf(document: DocumentNode): { readonly requested: number; readonly maximum: number } | null {
  const requested = costs.get(document);
  return requested === undefined ? null : { requested: Math.ceil(requested), maximum: LIMITS.cost };
}

type ArmorPlugin = ReturnType<EnvelopArmor['protect']>['plugins'][number];

export function limitPlugins(introspection: boolean): Plugin[] {
  const rules = [limitRootMutations, ...(introspection ? [] : [refuseIntrospection])];
  const { plugins } = new EnvelopArmor({
    maxDepth: { n: LIMITS.depth, ...reported('QUERY_TOO_DEEP', `at most ${LIMITS.depth} levels deep`) },
    maxAliases: {
      n: LIMITS.aliases,
      allowList: [],
      ...reported('TOO_MANY_ALIASES', `at most ${LIMITS.aliases} aliases`),
    },
    maxDirectives: {
      n: LIMITS.directives,
      ...reported('TOO_MANY_DIRECTIVES', `at most ${LIMITS.directives} directives`),
    },
    costLimit: {
      maxCost: LIMITS.cost,
      onAccept: [noteCost],
      ...reported('QUERY_TOO_COSTLY', `a cost of at most ${LIMITS.cost}`),
    },
    // the parser has no context to report to: this one is thrown
    maxTokens: {
      n: LIMITS.tokens,
      onReject: [
        () => {
          throw overLimit('TOO_MANY_TOKENS', `at most ${LIMITS.tokens} tokens`);
        },
      ],
    },
    // it misses the suggestions for values of variables: errors.ts drops them all, where the schema is not to be read
    blockFieldSuggestion: { enabled: false },
  }).protect();
  return [
    ...plugins.map(narrow),
    {
      onValidate({ addValidationRule }) {
        for (const rule of rules) addValidationRule(rule);
        return ({ valid, result, setResult }) => {
          if (valid) return;
          // an operation over a limit isn't worth a list of its other faults
          const over = result.find(({ extensions }: GraphQLError) => LIMIT_CODES.has(extensions['code']));
          if (over) setResult([over]);
        };
      },
    },
  ];
}

/** The two hooks that armor uses: its plugin type and yoga's differ in what may be undefined. */
function narrow({ onParse, onValidate }: ArmorPlugin): Plugin {
  return { ...(onParse && { onParse }), ...(onValidate && { onValidate }) };
}

/** Armor throws by default; reported instead, a refusal is an answer like any other on every transport. */
function reported(code: string, allowed: string) {
  return {
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null) => context?.reportError(overLimit(code, allowed))],
  };
}

function overLimit(code: string, allowed: string): GraphQLError {
  return refusal(code, `This operation is too large: ${allowed} are allowed. Split it.`);
}

const limitRootMutations: ValidationRule = (context) => ({
  OperationDefinition(operation: OperationDefinitionNode) {
    if (operation.operation !== 'mutation') return;
    if (countRootFields(context, operation.selectionSet, new Set()) > LIMITS.mutations) {
      context.reportError(overLimit('TOO_MANY_MUTATIONS', `at most ${LIMITS.mutations} mutations`));
    }
  },
});

function countRootFields(context: ValidationContext, set: SelectionSetNode, inside: ReadonlySet<string>): number {
  let count = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) count += 1;
    else if (selection.kind === Kind.INLINE_FRAGMENT) count += countRootFields(context, selection.selectionSet, inside);
    else {
      const name = selection.name.value;
      const fragment = context.getFragment(name);
      if (fragment && !inside.has(name)) {
        count += countRootFields(context, fragment.selectionSet, new Set([...inside, name]));
      }
    }
    if (count > LIMITS.mutations) return count;
  }
  return count;
}

const refuseIntrospection: ValidationRule = (context) => ({
  Field({ name }) {
    if (name.value !== '__schema' && name.value !== '__type') return;
    context.reportError(
      refusal('INTROSPECTION_OFF', 'Introspection is switched off here: read the published schema.graphql.'),
    );
  },
});
