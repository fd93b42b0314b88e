/**
 * Whoever follows the same news with the same selection and the same rights is told the same: the result is made once,
 * for the first who asks, and serves all that ask within a moment. Without it, a thousand followers of one envelope are
 * a thousand executions for each event.
 * @module
 */
import { type DocumentNode, type ExecutionResult, Kind, type OperationDefinitionNode, visit } from 'graphql';
import type { Principal } from '../../auth/principal.ts';
import type { World } from '../../world.ts';

/** Milliseconds that a result counts as what a resolver would answer now. */
const FRESH_MS = 250;

export interface SharedResults {
  /**
   * The result for one message of a source stream. `message` stands for itself: sources yield the same object to all
   * whom they tell the same, and the resolver of their root field looks at nothing else, not even at its arguments.
   */
  of(message: unknown, viewer: string, make: () => Promise<ExecutionResult>): Promise<ExecutionResult>;
}

export function createSharedResults(world: World): SharedResults {
  const byMessage = new WeakMap<object, Map<string, Promise<ExecutionResult>>>();
  return {
    async of(message, viewer, make) {
      if (typeof message !== 'object' || message === null) return make();
      const made = byMessage.get(message) ?? new Map<string, Promise<ExecutionResult>>();
      byMessage.set(message, made);
      const held = made.get(viewer);
      if (held) {
        const result = await held;
        // An error names the request it was met in.
        return result.errors ? make() : result;
      }
      const result = make();
      made.set(viewer, result);
      world.timer(FRESH_MS, () => made.delete(viewer));
      return result;
    },
  };
}

/** All that a result may depend on beside its message, as text: the document, the variables it selects by, the rights. */
export function viewerOf(
  { tenantId, scopes, envelopes }: Principal,
  query: string,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): string {
  const used = selectingVariables(document, operation);
  const selecting = Object.entries(variables).filter(([name]) => used.has(name));
  const rights = [tenantId, [...scopes].toSorted(), envelopes && [...envelopes].toSorted()];
  return JSON.stringify([rights, operation.name?.value, selecting.toSorted(([a], [b]) => (a < b ? -1 : 1)), query]);
}

/** Variables of arguments of the root field alone choose which messages come, and not what is told of them. */
function selectingVariables(document: DocumentNode, operation: OperationDefinitionNode): ReadonlySet<string> {
  const used = new Set<string>();
  const collect = { Variable: ({ name }: { name: { value: string } }) => void used.add(name.value) };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) visit(definition, collect);
  }
  for (const directive of operation.directives ?? []) visit(directive, collect);
  for (const root of operation.selectionSet.selections) {
    visit(root.kind === Kind.FIELD ? { ...root, arguments: [] } : root, collect);
  }
  return used;
}
