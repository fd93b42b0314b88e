/**
 * One way through for an operation, whatever it came by: parse, limits, validation, authentication, execution. The
 * transports only carry what this returns.
 * @module
 */
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Principal } from '../auth/principal.ts';
import type { World } from '../world.ts';
import { type Logger, refusal, toPublicError } from './errors.ts';
import { limitPlugins } from './limits.ts';
import type { Operation, Transport } from './operation.ts';
import { endedResult, streamResults } from './stream.ts';

export interface EngineOptions {
  readonly schema: GraphQLSchema;
  /** A plain object, made anew for each operation and for each event of a stream. */
  context(request: {
    principal: Principal | null;
    requestId: string;
    transport: Transport;
    signal: AbortSignal;
  }): object;
  readonly introspection: boolean;
  readonly world: World;
  readonly logger: Logger;
}

export interface OperationParams {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

export type Outcome = ExecutionResult | AsyncGenerator<ExecutionResult, void, void>;

/** An operation that may run, or the errors that refuse it. */
export type Prepared =
  | { readonly refused: readonly GraphQLError[] }
  | { readonly args: ExecutionArgs; run(): Promise<Outcome> };

export interface Engine {
  prepare(operation: Operation, params: OperationParams): Promise<Prepared>;
  dispose(): Promise<void>;
}

export function createEngine(options: EngineOptions): Engine {
  const { schema, introspection, world, logger } = options;
  const yoga = createYoga<Record<string, unknown>>({
    schema,
    plugins: limitPlugins(introspection),
    // the transports are ours, and so is what an error tells
    logging: false,
    maskedErrors: false,
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
  });

  async function prepare(operation: Operation, params: OperationParams): Promise<Prepared> {
    const publicError = (error: unknown, stage: string): GraphQLError =>
      toPublicError(error, operation.requestId, stage, logger);
    const enveloped = yoga.getEnveloped({});
    let document: DocumentNode;
    try {
      document = enveloped.parse(params.query);
    } catch (error) {
      return { refused: [publicError(error, 'GRAPHQL_PARSE_FAILED')] };
    }
    try {
      const errors: readonly unknown[] = enveloped.validate(schema, document);
      if (errors.length > 0) return { refused: errors.map((error) => publicError(error, 'GRAPHQL_VALIDATION_FAILED')) };
    } catch (error) {
      return { refused: [publicError(error, 'GRAPHQL_VALIDATION_FAILED')] };
    }
    const definition = getOperationAST(document, params.operationName);
    if (!definition) return { refused: [unknownOperation(params.operationName)] };
    const refused = checkPrincipal(operation, definition) ?? checkTransport(operation, definition);
    if (refused) return { refused: [refused] };

    const contextOf = (): object => {
      const { principal, requestId, transport, signal } = operation;
      return options.context({ principal, requestId, transport, signal });
    };
    const args = {
      schema,
      document,
      operationName: params.operationName ?? null,
      variableValues: params.variables ?? {},
    };
    const finished = (result: ExecutionResult): ExecutionResult =>
      result.errors
        ? { ...result, errors: result.errors.map((error) => publicError(error, 'BAD_USER_INPUT')) }
        : result;

    async function run(): Promise<Outcome> {
      try {
        if (definition?.operation !== 'subscription') {
          return finished(await execute({ ...args, contextValue: contextOf() }));
        }
        if (operation.ending.aborted) return endedResult(operation);
        const source = await createSourceEventStream({ ...args, contextValue: contextOf() });
        if (!(Symbol.asyncIterator in source)) return finished(source);
        return streamResults({
          source,
          operation,
          world,
          execute: async (event) => finished(await execute({ ...args, rootValue: event, contextValue: contextOf() })),
          publicError: (error) => publicError(error, 'BAD_USER_INPUT'),
          onCleanUpFailure: (error) =>
            logger.warn({ err: error, requestId: operation.requestId }, 'a stream did not close'),
        });
      } catch (error) {
        return { errors: [publicError(error, 'BAD_USER_INPUT')] };
      }
    }
    return { args, run };
  }

  return {
    prepare,
    async dispose() {
      await yoga.dispose();
    },
  };
}

function unknownOperation(name: string | null | undefined): GraphQLError {
  return refusal(
    'OPERATION_NOT_FOUND',
    name ? 'The document has no operation of this `operationName`.' : 'Name one of the operations by `operationName`.',
  );
}

/** Only the schema itself may be read without a token; whether it may be read at all, limits.ts says. */
function checkPrincipal({ principal }: Operation, { selectionSet }: OperationDefinitionNode): GraphQLError | null {
  if (principal) return null;
  const open = selectionSet.selections.every((field) => field.kind === Kind.FIELD && field.name.value.startsWith('__'));
  return open ? null : unauthenticated();
}

export function unauthenticated(): GraphQLError {
  return refusal('UNAUTHENTICATED', 'Send a bearer token that is valid in `Authorization`.');
}

function checkTransport({ transport }: Operation, { operation }: OperationDefinitionNode): GraphQLError | null {
  if (operation !== 'subscription' || transport !== 'http') return null;
  return refusal('NOT_ACCEPTABLE', 'Follow a subscription by WebSocket, or with `Accept: text/event-stream`.');
}
