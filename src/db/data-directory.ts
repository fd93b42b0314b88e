/**
 * Holds a data directory for one process: PGlite would let two processes write over each other without complaint.
 * A listening socket is the lock, because it ends with its process, however that ends; a pid file would lie.
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class DirectoryInUse extends Error {
  constructor(directory: string) {
    super(`${directory} is in use by another countersign process; stop that one, or give this one its own --data-dir.`);
    this.name = 'DirectoryInUse';
  }
}

/** The directory, or what is kept in it, can't be read or written; the message says why, and what to do. */
export class DirectoryUnusable extends Error {
  constructor(what: string, cause: unknown, fix: string) {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}. ${fix}`, { cause });
    this.name = 'DirectoryUnusable';
  }
}

export interface HeldDirectory {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Makes the directory if need be and holds it. Throws DirectoryInUse when a living process does, and DirectoryUnusable
 * when it can't be made or written.
 */
export async function holdDirectory(directory: string): Promise<HeldDirectory> {
  try {
    return await hold(directory);
  } catch (error) {
    if (error instanceof DirectoryInUse) throw error;
    const fix = 'Give --data-dir a directory that this user may write.';
    throw new DirectoryUnusable(`${directory} can't be the data directory`, error, fix);
  }
}

async function hold(directory: string): Promise<HeldDirectory> {
  mkdirSync(directory, { recursive: true });
  const path = realpathSync(directory);
  const address = lockAddress(path);
  let server = await listen(address);
  if (!server) {
    if (await answers(address)) throw new DirectoryInUse(directory);
    rmSync(address, { force: true });
    server = await listen(address);
    if (!server) throw new DirectoryInUse(directory);
  }
  const held = server;
  return { path, release: () => new Promise((resolve) => held.close(() => resolve())) };
}

/** Socket paths end at about 100 bytes, and Windows has pipes in their place. */
function lockAddress(path: string): string {
  const name = createHash('sha256').update(path).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\countersign-${name}`;
  const inside = join(path, 'lock.sock');
  return inside.length < 100 ? inside : join(tmpdir(), `countersign-${name}.sock`);
}

function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
