/**
 * The metrics, on a port of their own: they tell how busy one is, so they are never on the port that the world reaches.
 * @module
 */
import { createServer } from 'node:http';
import type { Prometheus } from '../telemetry/prometheus.ts';

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes any. */
  readonly port: number;
  readonly scrape: Prometheus['scrape'];
  /** Told of a scrape that failed. */
  readonly onError: (error: unknown) => void;
}

/** Rejects when the port is taken. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((req, res) => {
    const asked = req.url === '/metrics' && (req.method === 'GET' || req.method === 'HEAD');
    if (!asked) return void res.writeHead(404, { 'content-type': 'text/plain' }).end('Metrics are at GET /metrics.\n');
    options.scrape().then(
      ({ contentType, text }) => res.writeHead(200, { 'content-type': contentType }).end(text),
      (error: unknown) => {
        options.onError(error);
        res.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
