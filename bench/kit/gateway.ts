/**
 * countersign as it is run in production: `countersign serve` in a process of its own.
 * @module
 */
import { type Child, start } from './child.ts';

export const TENANT = '01900000-0000-7000-8000-0000000be9c4';
export const AUTH_SECRET = 'a-secret-of-the-bench-that-is-long-enough-1234567890';
export const SECRET_KEY = Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64');

const MAIN = new URL('./serve.ts', import.meta.url);

export interface Gateway {
  readonly child: Child;
  readonly port: number;
}

export async function startServe(databaseUrl: string): Promise<Gateway> {
  const child = start(
    MAIN,
    [],
    {
      DATABASE_URL: databaseUrl,
      PUBLIC_URL: 'http://127.0.0.1',
      HOST: '127.0.0.1',
      PORT: '0',
      SECRET_KEYS: `bench:${SECRET_KEY}`,
      AUTH_SECRET,
      AUTH_ISSUER: 'bench',
      AUTH_AUDIENCE: 'countersign',
      ALLOW_SANDBOX: '1',
      LOG_LEVEL: 'info',
    },
    'stderr',
  );
  for (;;) {
    const line = await child.next();
    const url =
      typeof line === 'object' && line && 'msg' in line ? /listens at (\S+)/.exec(String(line.msg))?.[1] : undefined;
    if (url !== undefined) return { child, port: Number(new URL(url).port) };
  }
}
