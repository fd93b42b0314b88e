/**
 * A state on disk: one file, replaced as a whole, so that a process that is killed leaves the state of before or that of
 * after. Long bytes are files of their own, named by their hash and written once. It survives `kill -9`; what a loss of
 * power leaves is up to the file system.
 * @module
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Deserializer, Serializer } from 'node:v8';

declare module 'node:v8' {
  interface Serializer {
    /** Has `_writeHostObject` called for every view of bytes. Documented by Node, and missing in its types. */
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
  }
}

/** The state is there and can't be read. The message names the file and what to do. */
export class StateUnreadable extends Error {
  constructor(path: string, directory: string, cause: unknown) {
    super(
      `${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}. Put it back, or delete ${directory} to begin with an empty sandbox: it then knows nothing of what was sent to it before.`,
      { cause },
    );
    this.name = 'StateUnreadable';
  }
}

export interface Store<State> {
  /** What was kept, by this or an earlier process; undefined when nothing was yet. */
  readonly found: State | undefined;
  /** Resolves when the state as it is now, or as it is later, is on disk. Rejects when it can't be written. */
  keep(): Promise<void>;
  /** Keeps it within a moment; for changes that may be lost with the process. */
  keepSoon(): void;
  /** Keeps it a last time. */
  close(): Promise<void>;
}

export interface StoreOptions<State> {
  readonly directory: string;
  /** Of the shape of `State`: a state of another one is not read, so whoever changes the shape raises this. */
  readonly version: number;
  /** The state as it is: of what the structured clone algorithm can copy, and of views bytes alone. */
  take(): State;
  /** Throws for what isn't a state. */
  parse(found: unknown): State;
  /** Told of a failure that no `keep` waits for. */
  onError(error: unknown): void;
}

const SOON_MS = 250;
/** Shorter bytes stand in the state itself. */
const LONG_BYTES = 4_096;
const PRODUCT = 'countersign-sandbox';

/** Throws StateUnreadable. */
export function openStore<State>(options: StoreOptions<State>): Store<State> {
  const { directory, onError } = options;
  const [path, bytesDirectory] = [join(directory, 'state'), join(directory, 'bytes')];
  const files = openFiles(bytesDirectory, directory);
  const found = existsSync(path) ? read(path, options, files) : undefined;
  files.removeOthers();

  let writing: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let soon: NodeJS.Timeout | undefined;
  let closed = false;

  const write = async (): Promise<void> => {
    const body = packed(options.take(), files);
    const head = `${PRODUCT} ${options.version} ${hashOf(body)}\n`;
    await writeFile(`${path}.new`, [head, body], { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  /** Calls that come while a state is written share the next write. */
  const keep = (): Promise<void> => {
    if (closed) return Promise.resolve();
    next ??= (async () => {
      await writing?.catch(() => undefined);
      next = null;
      clearTimeout(soon);
      soon = undefined;
      writing = write();
      await writing;
    })();
    return next;
  };
  return {
    found,
    keep,
    keepSoon() {
      soon ??= setTimeout(() => void keep().catch(onError), SOON_MS).unref();
    },
    async close() {
      const last = keep();
      closed = true;
      await last;
    },
  };
}

/** The version vouches for the shape, and the hash for the bytes. */
function read<State>(path: string, { directory, version, parse }: StoreOptions<State>, files: Files): State {
  try {
    const whole = readFileSync(path);
    const end = whole.indexOf('\n');
    const [product, kept, hash] = whole.subarray(0, Math.max(end, 0)).toString('latin1').split(' ');
    if (product !== PRODUCT) throw new Error('it is no state of a sandbox');
    if (kept !== String(version)) throw new Error('another version of countersign wrote it');
    const body = whole.subarray(end + 1);
    if (hashOf(body) !== hash) throw new Error('it was changed or cut since it was written');
    return parse(unpacked(body, files));
  } catch (error) {
    throw new StateUnreadable(path, directory, error);
  }
}

interface Files {
  /** The name under which the bytes are found again. */
  put(bytes: Uint8Array): string;
  get(name: string): Buffer;
  /** Removes what was neither put nor got. */
  removeOthers(): void;
}

function openFiles(directory: string, whole: string): Files {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StateUnreadable(directory, whole, error);
  }
  const names = new Set<string>();
  /** The same bytes are put with every state, and never change. */
  const known = new WeakMap<Uint8Array, string>();
  return {
    put(bytes) {
      const name = known.get(bytes) ?? hashOf(bytes);
      known.set(bytes, name);
      if (names.has(name)) return name;
      const path = join(directory, name);
      writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      names.add(name);
      return name;
    },
    get(name) {
      const bytes = readFileSync(join(directory, name));
      if (hashOf(bytes) !== name) throw new Error(`${join(directory, name)} was changed since it was written`);
      names.add(name);
      known.set(bytes, name);
      return bytes;
    },
    removeOthers() {
      for (const name of readdirSync(directory)) if (!names.has(name)) rmSync(join(directory, name));
    },
  };
}

/** The structured clone algorithm (so maps, sets and what is shared stay so), with long bytes by name. */
function packed(value: unknown, files: Files): Buffer {
  const serializer = new Packer(files);
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function unpacked(bytes: Buffer, files: Files): unknown {
  const deserializer = new Unpacker(bytes, files);
  deserializer.readHeader();
  return deserializer.readValue();
}

class Packer extends Serializer {
  readonly #files: Files;

  constructor(files: Files) {
    super();
    this.#files = files;
    this._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _writeHostObject(object: unknown): void {
    if (!(object instanceof Uint8Array)) throw new TypeError('a state holds no other views than bytes');
    const long = object.length >= LONG_BYTES;
    const bytes = long ? Buffer.from(this.#files.put(object), 'hex') : object;
    this.writeUint32(long ? 1 : 0);
    this.writeUint32(bytes.length);
    this.writeRawBytes(bytes);
  }
}

class Unpacker extends Deserializer {
  readonly #files: Files;

  constructor(bytes: Buffer, files: Files) {
    super(bytes);
    this.#files = files;
  }

  _readHostObject(): Buffer {
    const long = this.readUint32() === 1;
    const bytes = Buffer.from(this.readRawBytes(this.readUint32()));
    return long ? this.#files.get(bytes.toString('hex')) : bytes;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
