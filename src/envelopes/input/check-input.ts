/**
 * An input as far as it can be judged without telling anyone: the account it names, the documents it refers to, and
 * every fault of it.
 * @module
 */
import { type Fetched, type FetchUrl, MAX_FETCH_MS } from '../../documents/fetch-url.ts';
import { findDocuments } from '../../documents/store.ts';
import { uuidOf } from '../../model/ids.ts';
import { MAX_DOCUMENT_BYTES } from '../../model/limits.ts';
import { InvalidInput } from '../../model/problems.ts';
import type { CommandDeps } from '../deps.ts';
import type { CheckedEnvelope } from './checked-envelope.ts';
import { preflight, type PreflightDeps } from './preflight.ts';
import { type Claim, isKeyKnown } from './idempotency.ts';
import type { EnvelopeInput } from './input.ts';
import type { Issues } from './issues.ts';
import { MAX_DOCUMENTS } from './validate-documents.ts';
import { checkOptions } from './validate-options.ts';
import { checkEnvelope } from './validate.ts';
import { deadlineIn } from '../../world.ts';

/** What checking an input takes. */
export type CheckDeps = Pick<CommandDeps, 'accounts'> & PreflightDeps & { readonly fetchUrl: FetchUrl };

/** A request that doesn't wait for its provider waits this long for its documents all the same: without them it is nothing. */
const LEAST_FETCH_MS = 5_000;

/** Milliseconds for all the addresses of a request that waits `waitMs` for its provider. */
export function fetchTime(waitMs: number): number {
  return Math.min(MAX_FETCH_MS, Math.max(LEAST_FETCH_MS, waitMs));
}

/**
 * The envelope, ready to be stored. Throws InvalidInput with its faults and those that `issues` held before. `fetchMs` is
 * for all of its addresses together.
 */
export async function checkInput(
  deps: CheckDeps,
  tenantId: string,
  input: EnvelopeInput,
  issues: Issues,
  fetchMs = MAX_FETCH_MS,
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
    fetched: await fetchAll(deps, input, capabilities?.maxTotalBytes ?? MAX_DOCUMENT_BYTES, fetchMs),
    now: world.now(),
  };
  const documents = checkEnvelope(input, context, issues);
  checkOptions(input, account?.provider ?? null, capabilities, context.now, issues);
  const seen = await preflight(deps, tenantId, input, documents, issues.under('content', 'documents'));
  if (!account || issues.list.length > 0) throw new InvalidInput(issues.list);
  return { input, documents, account, preflight: seen };
}

/** What stands behind the addresses, each asked once and one after the other; `maxBytes` and `ms` are for all of them. */
async function fetchAll(
  { fetchUrl, world }: CheckDeps,
  input: EnvelopeInput,
  maxBytes: number,
  ms: number,
): Promise<Map<string, Fetched>> {
  const deadline = deadlineIn(world, ms);
  const fetched = new Map<string, Fetched>();
  if (input.documents.length > MAX_DOCUMENTS) return fetched;
  let left = maxBytes;
  for (const { source } of input.documents) {
    if (!('url' in source) || fetched.has(source.url)) continue;
    const timeMs = deadline.left();
    const answer = timeMs > 0 ? await fetchUrl(source.url, Math.min(MAX_DOCUMENT_BYTES, left), timeMs) : NO_TIME_LEFT;
    fetched.set(source.url, answer);
    if ('bytes' in answer) left -= answer.bytes.length;
  }
  return fetched;
}

const NO_TIME_LEFT: Fetched = {
  code: 'URL_FAILED',
  message: 'It was not fetched: the addresses before it took all the time there is.',
};

/** Null for a repetition: it is answered before it is judged, since the account may have gone, or a time have passed. */
export async function checkUnlessRepeated(
  deps: CheckDeps,
  tenantId: string,
  claim: Claim | null,
  envelope: EnvelopeInput,
  issues: Issues,
  fetchMs?: number,
): Promise<CheckedEnvelope | null> {
  if (claim && issues.list.length === 0) {
    const known = await deps.database.withTenants([tenantId], (tx) => isKeyKnown(tx, claim, deps.world.now()));
    if (known) return null;
  }
  return checkInput(deps, tenantId, envelope, issues, fetchMs);
}
