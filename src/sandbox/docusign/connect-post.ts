/**
 * One POST to a receiver. Any 2XX acknowledges; redirects are not followed and count as failures.
 * @module
 */
import { type Dispatcher, request } from 'undici';

export interface PostOutcome {
  /** Absent when no answer came. */
  status?: number;
  /** Why it failed; absent when it was acknowledged. */
  error?: string;
}

/** `timeoutMs` in real milliseconds. */
export async function post(
  dispatcher: Dispatcher,
  timeoutMs: number,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<PostOutcome> {
  try {
    const response = await request(url, {
      method: 'POST',
      headers,
      body,
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body.dump();
    const acknowledged = response.statusCode >= 200 && response.statusCode < 300;
    return {
      status: response.statusCode,
      ...(acknowledged ? {} : { error: `The remote server returned ${response.statusCode}.` }),
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
