/**
 * Followers as applications have them: graphql-ws's own client, Apollo Client and urql, each as its documentation sets it
 * up. Nothing here connects again, waits or resumes: what goes on, goes on because the client does.
 */
import { ApolloClient, gql, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient as createUrqlClient, type ExecutionResult, subscriptionExchange } from '@urql/core';
import { type Client, createClient } from 'graphql-ws';
import { at } from '../kit/answer.ts';

/** What came to a client, in order: a sequence, a cursor without event, or the close of its socket. */
export type Happened = { readonly sequence: number } | { readonly cursor: string } | { readonly closed: number };

export interface StandardFollower {
  readonly happened: readonly Happened[];
  /** How the client told its application that the stream is over; null while it goes on. */
  readonly over: unknown;
  stop(): void;
}

interface Sink {
  next(result: unknown): void;
  over(how: unknown): void;
}

const FOLLOW = `subscription Follow($after: String) {
  events(after: $after) { cursor event { sequence envelope { id status } } }
}`;

type Follow = (socket: Client, variables: { after: string }, sink: Sink) => () => void;

const ways: Readonly<Record<string, Follow>> = {
  'graphql-ws': (socket, variables, { next, over }) =>
    socket.subscribe({ query: FOLLOW, variables }, { next, error: over, complete: () => over('complete') }),

  'Apollo Client': (socket, variables, { next, over }) => {
    const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
    const subscription = client
      .subscribe({ query: gql(FOLLOW), variables })
      .subscribe({ next, error: over, complete: () => over('complete') });
    return () => subscription.unsubscribe();
  },

  urql: (socket, variables, { next, over }) => {
    const client = createUrqlClient({
      url: 'http://not.asked.example',
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: ({ query = '', ...rest }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe(
                { ...rest, query },
                // The types alone differ: under our settings an absent member is not one that is undefined.
                { ...sink, next: (result) => sink.next(result as ExecutionResult) },
              ),
            }),
          }),
        }),
      ],
    });
    const subscription = client.subscription(FOLLOW, variables).subscribe((result) => {
      if (result.error) over(result.error);
      else next(result);
      if (!result.hasNext) over('complete');
    });
    return () => subscription.unsubscribe();
  },
};

export const STANDARD_CLIENTS = Object.keys(ways);

/** Follows after the cursor, over a socket of its own. */
export function followBy(name: string, url: string, token: string, after: string): StandardFollower {
  const way = ways[name];
  if (!way) throw new Error(`no client is called ${name}`);
  const kept: { happened: Happened[]; over: unknown } = { happened: [], over: null };
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${token}` },
    on: { closed: (event) => void kept.happened.push({ closed: Number(at(event, 'code')) }) },
  });
  const stop = way(
    socket,
    { after },
    {
      next(result) {
        const sequence = at(result, 'data.events.event.sequence');
        if (sequence !== undefined) kept.happened.push({ sequence: Number(sequence) });
        else kept.happened.push({ cursor: String(at(result, 'data.events.cursor')) });
      },
      over: (how) => (kept.over ??= how),
    },
  );
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
