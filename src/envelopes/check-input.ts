/**
 * An input as far as it can be judged without telling anyone: the account it names, the documents it refers to, and
 * every fault of it.
 * @module
 */
import type { Fetched, FetchUrl } from '../documents/fetch-url.ts';
import { findDocuments } from '../documents/store.ts';
import { uuidOf } from '../model/ids.ts';
import { MAX_DOCUMENT_BYTES } from '../model/limits.ts';
import { InvalidInput } from '../model/problems.ts';
import type { CommandDeps } from './attempt.ts';
import type { CheckedEnvelope } from './create.ts';
import { preflight, type PreflightDeps } from './preflight.ts';
import { type Claim, isKeyKnown } from './idempotency.ts';
import type { EnvelopeInput } from './input.ts';
import type { Issues } from './issues.ts';
import { MAX_DOCUMENTS } from './validate-documents.ts';
import { checkOptions } from './validate-options.ts';
import { checkEnvelope } from './validate.ts';

/** What checking an input takes. */
export type CheckDeps = Pick<CommandDeps, 'accounts'> & PreflightDeps & { readonly fetchUrl: FetchUrl };

/** The envelope, ready to be stored. Throws InvalidInput with its faults and those that `issues` held before. */
export async function checkInput(
  deps: CheckDeps,
  tenantId: string,
  input: EnvelopeInput,
  issues: Issues,
): Promise<CheckedEnvelope> {
  const { database, world, accounts } = deps;
  const accountId = uuidOf('Account', input.accountId);
  const account = accountId === null ? undefined : (await accounts.get(tenantId, [accountId])).get(accountId);
  if (!account || account.disconnectedAt) {
    issues.add(
      'UNKNOWN_REFERENCE',
      ['accountId'],
      `There is no account ${input.accountId}.`,
      'Ask `accounts` for those there are.',
    );
  }
  const referred = input.documents.flatMap(({ source }) =>
    'documentId' in source ? (uuidOf('Document', source.documentId) ?? []) : [],
  );
  const stored = await database.withTenants([tenantId], (tx) => findDocuments(tx, tenantId, referred));
  const capabilities = account ? accounts.capabilities(account) : null;
  const context = {
    capabilities,
    stored: new Map(stored.map((row) => [row.id, row])),
    fetched: await fetchAll(deps.fetchUrl, input, capabilities?.maxTotalBytes ?? MAX_DOCUMENT_BYTES),
    now: world.now(),
  };
  const documents = checkEnvelope(input, context, issues);
  checkOptions(input, account?.provider ?? null, capabilities, context.now, issues);
  const seen = await preflight(deps, tenantId, input, documents, issues.under('content', 'documents'));
  if (!account || issues.list.length > 0) throw new InvalidInput(issues.list);
  return { input, documents, account, preflight: seen };
}

/** What stands behind the addresses, each asked once and one after the other; `maxBytes` is for all of them. */
async function fetchAll(fetchUrl: FetchUrl, input: EnvelopeInput, maxBytes: number): Promise<Map<string, Fetched>> {
  const fetched = new Map<string, Fetched>();
  if (input.documents.length > MAX_DOCUMENTS) return fetched;
  let left = maxBytes;
  for (const { source } of input.documents) {
    if (!('url' in source) || fetched.has(source.url)) continue;
    const answer = await fetchUrl(source.url, Math.min(MAX_DOCUMENT_BYTES, left));
    fetched.set(source.url, answer);
    if ('bytes' in answer) left -= answer.bytes.length;
  }
  return fetched;
}

/** Null for a repetition: it is answered before it is judged, since the account may have gone, or a time have passed. */
export async function checkUnlessRepeated(
  deps: CheckDeps,
  tenantId: string,
  claim: Claim | null,
  envelope: EnvelopeInput,
  issues: Issues,
): Promise<CheckedEnvelope | null> {
  if (claim && issues.list.length === 0) {
    const known = await deps.database.withTenants([tenantId], (tx) => isKeyKnown(tx, claim, deps.world.now()));
    if (known) return null;
  }
  return checkInput(deps, tenantId, envelope, issues);
}
