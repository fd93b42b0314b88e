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
import type { Principal } from '../../auth/principal.ts';
import { type Metrics, noMetrics, type OperationOutcome } from '../../telemetry/metrics.ts';
import { inSpan, SpanKind } from '../../telemetry/tracing.ts';
import type { World } from '../../world.ts';
import { type Logger, refusal, toPublicError } from './errors.ts';
import { costOf, limitPlugins } from './limits.ts';
import type { Operation, Transport } from './operation.ts';
import { isHashOnly, notSupported } from './persisted-query.ts';
import { createSharedResults, viewerOf } from './shared-results.ts';
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
  /** Runs a query or mutation whose answer goes over HTTP, and may add to the `extensions` of its result. */
  watch?(principal: Principal | null, work: () => Promise<ExecutionResult>): Promise<ExecutionResult>;
  readonly introspection: boolean;
  readonly world: World;
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

export interface OperationParams {
  /** Empty where the client sent a hash in its place. */
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
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
  const { schema, introspection, world, logger, metrics = noMetrics } = options;
  const shared = createSharedResults(world);
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
    const began = world.monotonic();
    const prepared = await prepareUnmeasured(operation, params);
    if ('args' in prepared) return prepared;
    metrics.operation(operation.transport, 'unknown', 'refused', world.monotonic() - began);
    return prepared;
  }

  async function prepareUnmeasured(operation: Operation, params: OperationParams): Promise<Prepared> {
    const publicError = (error: unknown, stage: string): GraphQLError =>
      toPublicError(error, operation.requestId, stage, logger, { suggestions: introspection });
    if (isHashOnly(params)) return { refused: [notSupported()] };
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

    const { operation: type } = definition;
    const { principal } = operation;
    const viewer =
      principal && type === 'subscription'
        ? viewerOf(principal, params.query, document, definition, args.variableValues)
        : null;
    async function run(): Promise<Outcome> {
      const began = world.monotonic();
      const attributes = {
        'graphql.operation.type': type,
        ...(definition?.name && { 'graphql.operation.name': definition.name.value.slice(0, MAX_SPAN_NAME) }),
        'countersign.transport': operation.transport,
        'countersign.request_id': operation.requestId,
      };
      const ended = (outcome: Outcome) => {
        const how = outcomeOf(outcome);
        return { attributes: { 'countersign.outcome': how }, failed: how === 'internal' };
      };
      const outcome = await inSpan(`graphql ${type}`, { kind: SpanKind.SERVER, attributes, ended }, begin);
      metrics.operation(operation.transport, type, outcomeOf(outcome), world.monotonic() - began);
      return outcome;
    }

    const work = async (): Promise<ExecutionResult> => finished(await execute({ ...args, contextValue: contextOf() }));
    async function answer(): Promise<ExecutionResult> {
      if (operation.transport !== 'http') return work();
      const result = await (options.watch ? options.watch(operation.principal, work) : work());
      const cost = costOf(document);
      return cost ? { ...result, extensions: { ...result.extensions, cost } } : result;
    }

    async function begin(): Promise<Outcome> {
      try {
        if (type !== 'subscription') return await answer();
        if (operation.ending.aborted) return endedResult(operation);
        const source = await createSourceEventStream({ ...args, contextValue: contextOf() });
        if (!(Symbol.asyncIterator in source)) return finished(source);
        const resultFor = async (event: unknown): Promise<ExecutionResult> =>
          finished(await execute({ ...args, rootValue: event, contextValue: contextOf() }));
        return streamResults({
          source,
          operation,
          world,
          execute: (event) => (viewer === null ? resultFor(event) : shared.of(event, viewer, () => resultFor(event))),
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

/** Characters of a name that the client chose. */
const MAX_SPAN_NAME = 100;

function outcomeOf(outcome: Outcome): OperationOutcome {
  if (Symbol.asyncIterator in outcome || !outcome.errors) return 'ok';
  return outcome.errors.some(({ extensions }) => extensions['code'] === 'INTERNAL') ? 'internal' : 'problem';
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
