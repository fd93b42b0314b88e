/**
 * Whether this process lives, and whether requests should come to it. Providers are not asked: their outage is not ours.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type World, settledWithin } from '../../world.ts';

/** Milliseconds that the database has for its answer. */
const PATIENCE_MS = 2_000;

export interface Health {
  /** Answers `/health/live` and `/health/ready`; false for any other path, and nothing was done. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** Not ready from now on. */
  retire(): void;
}

export interface HealthOptions {
  readonly world: World;
  /** Whether the database is migrated. Throws when it doesn't answer. */
  migrated(): Promise<boolean>;
}

export function createHealth({ world, migrated }: HealthOptions): Health {
  let retired = false;
  let asking: Promise<string | null> | null = null;

  /** Why not, or null. Whoever asks meanwhile shares the answer: anybody may ask, and as often as they like. */
  const fault = (): Promise<string | null> => {
    if (retired) return Promise.resolve('draining: another one answers');
    asking ??= askDatabase().finally(() => (asking = null));
    return asking;
  };

  async function askDatabase(): Promise<string | null> {
    const said = migrated().then(
      (done) => (done ? null : 'the database lacks migrations of this version'),
      () => SILENT,
    );
    const settled = await settledWithin(world, PATIENCE_MS, said);
    return settled ? settled.value : SILENT;
  }

  return {
    handle(req, res) {
      if (req.url === '/health/live') answer(res, 200, 'alive');
      else if (req.url === '/health/ready') {
        void fault().then((why) => (why === null ? answer(res, 200, 'ready') : answer(res, 503, why)));
      } else return false;
      return true;
    },
    retire() {
      retired = true;
    },
  };
}

const SILENT = 'the database does not answer';

function answer(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(`${text}\n`);
}
