/**
 * Followers as applications have them: graphql-ws's own client, Apollo Client and urql, each as its documentation sets it
 * up. Nothing here connects again, waits or resumes: what goes on, goes on because the client does.
 * @module
 */
import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createUrqlClient, type ExecutionResult, subscriptionExchange } from '@urql/core';
import { type Client, createClient } from 'graphql-ws';
import { at } from './answer.ts';

/** What came to a client: data, the extensions of a first error, the close of its socket. */
export interface Happened {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly closed?: unknown;
}

export interface StandardFollower {
  /** In order. */
  readonly happened: readonly Happened[];
  /** True once the client has told its application that no more comes. */
  readonly over: boolean;
  stop(): void;
}

interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

interface Sink {
  result(data: unknown, error: unknown): void;
  over(): void;
}

type Follow = (socket: Client, operation: Operation, sink: Sink) => () => void;

const ways: Readonly<Record<string, Follow>> = {
  'graphql-ws': (socket, operation, { result, over }) =>
    socket.subscribe(operation, {
      next: ({ data, errors }) => result(data, errors?.[0]?.extensions),
      error: (error) => {
        result(undefined, at(error, '0.extensions') ?? error);
        over();
      },
      complete: over,
    }),

  'Apollo Client': (socket, { query, variables }, { result, over }) => {
    const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
    const subscription = client.subscribe({ query: gql(query), variables }).subscribe({
      next: ({ data, error }) => result(data, at(error, 'errors.0.extensions') ?? error),
      complete: over,
    });
    return () => subscription.unsubscribe();
  },

  urql: (socket, { query, variables }, { result, over }) => {
    const client = createUrqlClient({
      url: 'http://not.asked.example',
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: ({ query: text = '', ...rest }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { ...rest, query: text },
                // The types alone differ: under our settings an absent member is not one that is undefined.
                { ...sink, next: (one) => sink.next(one as ExecutionResult) },
              ),
            }),
          }),
        }),
      ],
    });
    const subscription = client.subscription(query, variables).subscribe(({ data, error, hasNext }) => {
      result(data, error?.graphQLErrors[0]?.extensions ?? error);
      if (!hasNext) over();
    });
    return () => subscription.unsubscribe();
  },
};

export const STANDARD_CLIENTS = Object.keys(ways);

/** Follows over a socket of its own. */
export function followBy(name: string, url: string, authorization: string, operation: Operation): StandardFollower {
  const way = ways[name];
  if (!way) throw new Error(`no client is called ${name}`);
  const kept = { happened: [] as Happened[], over: false };
  const socket = createClient({
    url: url.replace('http', 'ws'),
    connectionParams: { authorization },
    on: { closed: (event) => void kept.happened.push({ closed: at(event, 'code') }) },
  });
  const stop = way(socket, operation, {
    result: (data, error) => void kept.happened.push({ ...(data ? { data } : {}), ...(error ? { error } : {}) }),
    over: () => void (kept.over = true),
  });
  return {
    get happened() {
      return kept.happened;
    },
    get over() {
      return kept.over;
    },
    stop() {
      stop();
      void socket.dispose();
    },
  };
}
