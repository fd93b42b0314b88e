/**
 * Followers of subscriptions: by server-sent events and by graphql-ws's own client. Both keep all that came.
 * @module
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { Answer, eventually } from './answer.ts';

export interface Follower {
  /** All results so far, in order. */
  readonly results: readonly Answer[];
  /** True once no more can come, whoever ended it. */
  readonly ended: boolean;
  /** Errors that refused the operation before it began, and a socket's end. */
  readonly refused: unknown;
  /** The first result that `test` holds for; waits for it. */
  first(test: (result: Answer) => boolean, ms?: number): Promise<Answer>;
  stop(): Promise<void>;
}

interface Operation {
  readonly query: string;
  readonly variables: object;
}

interface Kept {
  results: Answer[];
  ended: boolean;
  refused: unknown;
}

function follower(kept: Kept, stop: () => Promise<void>): Follower {
  return {
    get results() {
      return kept.results;
    },
    get ended() {
      return kept.ended;
    },
    get refused() {
      return kept.refused;
    },
    first: (test, ms = 20_000) =>
      eventually(
        () => {
          const found = kept.results.find(test);
          if (!found && kept.ended)
            throw new Error(`the stream ended without it: ${JSON.stringify(kept.refused ?? kept.results.at(-1))}`);
          return found;
        },
        { ms, what: `${test.toString()} among ${kept.results.length} results` },
      ),
    stop,
  };
}

export function followBySse(url: string, token: string, operation: Operation): Follower {
  const kept: Kept = { results: [], ended: false, refused: null };
  const gone = new AbortController();
  const done = (async () => {
    const response = await fetch(url, {
      method: 'POST',
      signal: gone.signal,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify(operation),
    });
    let rest = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^event: next\ndata: (.*)$/s.exec(block)?.[1];
        if (data !== undefined) kept.results.push(Answer.parse(JSON.parse(data)));
      }
    }
  })()
    .catch((error: unknown) => {
      if (!gone.signal.aborted) kept.refused = error;
    })
    .finally(() => {
      kept.ended = true;
    });
  return follower(kept, async () => {
    gone.abort();
    await done;
  });
}

/** One socket of its own; it doesn't come back by itself. */
export function followByWebSocket(url: string, token: string, { query, variables }: Operation): Follower {
  const kept: Kept = { results: [], ended: false, refused: null };
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  client.subscribe(
    { query, variables: { ...variables } },
    {
      next: (result) => void kept.results.push(Answer.parse(JSON.parse(JSON.stringify(result)))),
      error: (error) => {
        kept.refused = error;
        kept.ended = true;
      },
      complete: () => {
        kept.ended = true;
      },
    },
  );
  return follower(kept, async () => client.dispose());
}
