/**
 * The web server of an application that is not countersign: one page with one script, on a port of its own.
 * @module
 */
import { createServer } from 'node:http';
import { rolldown } from 'rolldown';
import { atEnd } from '../../kit/at-end.ts';

/** Resolves with its port on 127.0.0.1. Closed with the test file. */
export async function serveApp(): Promise<number> {
  const bundle = await rolldown({ input: 'test/system/page/app.ts', platform: 'browser' });
  const { output } = await bundle.generate({ format: 'iife', name: 'app' });
  await bundle.close();
  const { code } = output[0];
  // A file of its own: Vitest looks for what a stack names, and stumbles over the path of a page that is `/`.
  const html = '<!doctype html><meta charset="utf-8"><title>An application</title><script src="/app.js"></script>';
  const server = createServer(({ url }, res) => {
    const [type, text] = url === '/app.js' ? ['text/javascript', code] : ['text/html', html];
    res.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the application has no port');
  return address.port;
}
