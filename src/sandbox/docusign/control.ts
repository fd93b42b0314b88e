/**
 * Small client of the control API, for the command line and for tests.
 * @module
 */

export interface SignedEnvelope {
  envelopeId: string;
  status: string;
}

/**
 * Signs for everyone whose turn it is, in order, until nobody is left; for one recipient alone with `recipientId`.
 * Throws with the sandbox's own words when it can't.
 */
export async function signEnvelope(
  sandboxUrl: string,
  envelopeId: string,
  options: { recipientId?: string; tabs?: Record<string, string> } = {},
): Promise<SignedEnvelope> {
  const envelope = await control(sandboxUrl, 'POST', `/envelopes/${encodeURIComponent(envelopeId)}/sign`, options);
  return { envelopeId: member(envelope, 'envelopeId'), status: member(envelope, 'status') };
}

/** Any call of the control API; `path` is relative to `/_sandbox`. */
export async function control(
  sandboxUrl: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(new URL(`/_sandbox${path}`, sandboxUrl), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  throw new Error(member(answer, 'error') || `The sandbox answered ${response.status}.`);
}

function member(value: unknown, name: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' ? found : '';
}
