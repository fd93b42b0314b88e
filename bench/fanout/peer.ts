/**
 * What only fans out: `peer.ts ws` sends one string to every socket, `peer.ts yoga` is GraphQL Yoga's own pub/sub behind
 * graphql-ws. Both publish what is posted to them, from memory; countersign writes it to its log first.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';

const [, , variant = ''] = process.argv;
let sequence = 0;

function news(): { cursor: string; event: Record<string, string> } {
  sequence += 1;
  return {
    cursor: `c_${sequence}`,
    event: {
      id: 'evt_01900000-0000-7000-8000-000000000001',
      sequence: String(sequence),
      type: 'RECIPIENT_OPENED',
      occurredAt: '2030-01-15T10:00:00.000Z',
      status: 'SENT',
      recipientStatus: 'OPENED',
    },
  };
}

function onPublish(publish: () => void): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    req.resume().on('end', () => {
      publish();
      res.writeHead(200, { 'content-length': 0 }).end();
    });
  };
}

function listen(server: ReturnType<typeof createServer>): void {
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
}

if (variant === 'ws') {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer(
    onPublish(() => {
      const text = JSON.stringify({ id: '1', type: 'next', payload: { data: { events: news() } } });
      for (const socket of sockets.clients) socket.send(text);
    }),
  );
  server.on('upgrade', (req, socket, head) => sockets.handleUpgrade(req, socket, head, () => undefined));
  listen(server);
} else {
  process.setMaxListeners(0);
  const pubSub = createPubSub<{ news: [ReturnType<typeof news>] }>();
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      typeDefs: `
        type Event { id: ID! sequence: String! type: String! occurredAt: String! status: String! recipientStatus: String }
        type Message { cursor: String! event: Event }
        type Query { ok: Boolean }
        type Subscription { events: Message! }`,
      resolvers: {
        Subscription: {
          events: { subscribe: () => pubSub.subscribe('news'), resolve: (message: unknown) => message },
        },
      },
    }),
  });
  const publish = onPublish(() => pubSub.publish('news', news()));
  const server = createServer((req, res) => (req.url === '/publish' ? publish(req, res) : yoga(req, res)));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  // As Yoga's documentation joins the two.
  type Enveloped = { execute: (args: unknown) => unknown; subscribe: (args: unknown) => unknown };
  useServer(
    {
      execute: (args) => (args.rootValue as Enveloped).execute(args) as never,
      subscribe: (args) => (args.rootValue as Enveloped).subscribe(args) as never,
      onSubscribe: async (context, _id, params) => {
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...context,
          req: context.extra.request,
          socket: context.extra.socket,
          params,
        });
        const args = {
          schema,
          operationName: params.operationName,
          document: parse(params.query),
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        };
        const errors = validate(args.schema, args.document);
        return errors.length > 0 ? errors : args;
      },
    },
    sockets,
  );
  listen(server);
}
process.once('SIGTERM', () => process.exit(0));
