/**
 * An application in a browser that knows the gateway's address and a token, and nothing of countersign's code: it calls
 * by `fetch` and by graphql-ws's own client. Bundled into one script, whose exports are the global `app`.
 * @module
 */
import { createClient } from 'graphql-ws';

export interface Target {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  readonly token: string;
}

export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

/** What a page can know of an answer; `failed` when the browser keeps it from the page. */
export interface Seen {
  readonly status?: number;
  readonly code?: unknown;
  readonly failed?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const followed: Record<string, unknown[]> = {};

/** All results that came so far to what was followed under this name. */
export function results(name: string): unknown[] {
  return followed[name] ?? [];
}

function head(token: string, accept: string): Record<string, string> {
  return { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Accept: accept };
}

export async function ask({ url, token }: Target, operation: Operation): Promise<unknown> {
  const headers = head(token, 'application/graphql-response+json');
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(operation) });
  return response.json();
}

/** As graphql-ws documents it, with the key as HTTP writes it. */
export function followByWebSocket({ url, token }: Target, name: string, operation: Operation): void {
  const got: unknown[] = (followed[name] = []);
  const connectionParams = { Authorization: `Bearer ${token}` };
  const client = createClient({ url: url.replace('http', 'ws'), connectionParams, retryAttempts: 0 });
  client.subscribe(operation, {
    next: (result) => void got.push(result),
    error: (error) => void got.push({ failed: String(error) }),
    complete: () => undefined,
  });
}

export async function followBySse({ url, token }: Target, name: string, operation: Operation): Promise<void> {
  const got: unknown[] = (followed[name] = []);
  const headers = head(token, 'text/event-stream');
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(operation) });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    const blocks = (rest + read.value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^event: next\ndata: (.*)$/s.exec(block)?.[1];
      if (data !== undefined) got.push(JSON.parse(data));
    }
  }
}

/** Of the bytes of base64 text, in hexadecimal. */
export async function sha256(base64: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytesOf(base64)));
}

/** Sends the bytes of base64 text as `createUpload` said. */
export async function put(
  { url, method, headers }: { url: string; method: string; headers: readonly { name: string; value: string }[] },
  base64: string,
): Promise<Seen> {
  const named = headers.map(({ name, value }): [string, string] => [name, value]);
  return attempt(url, { method, headers: named, body: bytesOf(base64) });
}

/** The SHA-256 and the name of what is downloaded. */
export async function download(url: string): Promise<{ sha256: string; disposition: string | null }> {
  const response = await fetch(url);
  const disposition = response.headers.get('content-disposition');
  return { sha256: hex(await crypto.subtle.digest('SHA-256', await response.arrayBuffer())), disposition };
}

/** One request, and what the page may know of its answer. */
export async function attempt(url: string, init: RequestInit): Promise<Seen> {
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    return { status: response.status, code: codeIn(text), headers: Object.fromEntries(response.headers) };
  } catch (error) {
    return { failed: String(error) };
  }
}

/** A body of so many bytes. */
export async function attemptOf({ url, token }: Target, bytes: number): Promise<Seen> {
  return attempt(url, { method: 'POST', headers: head(token, '*/*'), body: ' '.repeat(bytes) });
}

/** Whether a WebSocket opens. */
export function opens(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, 'graphql-transport-ws');
    socket.addEventListener('open', () => (socket.close(), resolve(true)));
    socket.addEventListener('error', () => resolve(false));
  });
}

function codeIn(text: string): unknown {
  try {
    const { code, errors } = JSON.parse(text);
    return code ?? errors?.[0]?.extensions?.code;
  } catch {
    return undefined;
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function hex(buffer: ArrayBuffer): string {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
