/**
 * Signing in with DocuSign's SDK, and what a refused call of it holds.
 * @module
 */
import docusign, { type Client } from 'docusign-esign';
import * as z from 'zod';

/** What `countersign sandbox --tls --json` prints. */
export const Printed = z.object({
  docusign: z.object({
    url: z.string(),
    ca: z.string(),
    integrationKey: z.string(),
    userId: z.string(),
    accountId: z.string(),
    privateKey: z.string(),
    hmacKeys: z.array(z.string()),
  }),
});
export type Given = z.infer<typeof Printed>['docusign'];

export interface Session {
  client: Client;
  accountId: string;
  url: string;
  seen: Record<string, unknown>;
}

/** The order matters: `setBasePath` sets the OAuth host back to production. */
export async function signIn({ url, integrationKey, userId, privateKey }: Given): Promise<Session> {
  const client = new docusign.ApiClient();
  client.setOAuthBasePath(new URL(url).host);
  const scopes = ['signature', 'impersonation'];
  const token = await client.requestJWTUserToken(integrationKey, userId, scopes, Buffer.from(privateKey), 600);
  const user = await client.getUserInfo(token.body.access_token);
  const account = user.accounts[0];
  if (account === undefined) throw new Error('the user has no account');
  client.setBasePath(`${account.baseUri}/restapi`);
  client.addDefaultHeader('Authorization', `Bearer ${token.body.access_token}`);
  const { access_token: _, ...tokenAnswer } = token.body;
  return { client, accountId: account.accountId, url, seen: { token: { status: token.status, ...tokenAnswer }, user } };
}

const refusedCall = z.object({ response: z.object({ status: z.number(), data: z.unknown() }) });

/** Status and body of the Axios error that the SDK hands on; fails when the call succeeds. */
export async function refusalOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    () => Promise.reject(new Error('the call was not refused')),
    (reason: unknown) => reason,
  );
  const { status, data } = refusedCall.parse(error).response;
  return { status, ...z.record(z.string(), z.unknown()).parse(await readBody(data)) };
}

/** A refused download is a stream that nobody has read yet. */
async function readBody(data: unknown): Promise<unknown> {
  if (typeof data !== 'object' || data === null || !(Symbol.asyncIterator in data)) return data;
  const chunks: Uint8Array[] = [];
  for await (const chunk of z.custom<AsyncIterable<Uint8Array>>().parse(data)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
