/**
 * What the rest of countersign may ask of envelopes: every operation bound to one tenant.
 * @module
 */
import type { StoredDocument } from '../documents/store.ts';
import { type CommandRow, commandsOf } from './commands/commands.ts';
import { createUpload, type UploadRequest } from './files/create-upload.ts';
import type { EnvelopeRow, RecipientRow } from './state/edit.ts';
import { deleteDraft, type DeleteDraftRequest, updateDraft, type UpdateDraftRequest } from './drafts/draft.ts';
import { type Freshness, refresh, type Staleness } from './reading/freshness.ts';
import type { EnvelopeInput } from './input/input.ts';
import type { LookUps } from './reading/look-up.ts';
import type { Preflight } from './input/preflight.ts';
import {
  documentsOf,
  type EnvelopeDocumentRow,
  type EnvelopePage,
  type FieldRow,
  fieldsOf,
  findLogged,
  findRecipients,
  listEnvelopes,
  type LoggedEnvelope,
  recipientsOf,
} from './state/read.ts';
import { updateRecipient, type UpdatedRecipient, type UpdateRecipientRequest } from './commands/correct.ts';
import { remindEnvelope, type RemindRequest } from './commands/remind.ts';
import {
  createEnvelope,
  type SendDeps,
  sendEnvelope,
  type SendRequest,
  type SendResult,
  validateEnvelope,
} from './commands/send.ts';
import { confirmSigning, type ConfirmedSigning, createSigningUrl, type SigningRequest } from './reading/signing.ts';
import { voidEnvelope, type VoidRequest } from './commands/void.ts';
import type { SigningUrl } from '../providers/provider.ts';
import { readHead } from '../events/read.ts';

export interface ListedEnvelopes {
  readonly rows: readonly EnvelopeRow[];
  readonly hasMore: boolean;
  /** The sequence of the tenant's last event, in the same snapshot. */
  readonly head: bigint;
}

export interface Envelopes {
  createUpload(tenantId: string, request: UploadRequest): Promise<StoredDocument>;
  validate(tenantId: string, input: EnvelopeInput): Promise<Preflight>;
  create(tenantId: string, request: { envelope: EnvelopeInput; idempotencyKey: string | null }): Promise<EnvelopeRow>;
  updateDraft(tenantId: string, request: UpdateDraftRequest): Promise<EnvelopeRow>;
  deleteDraft(tenantId: string, request: DeleteDraftRequest): Promise<void>;
  send(tenantId: string, request: SendRequest): Promise<SendResult>;
  void(tenantId: string, request: VoidRequest): Promise<{ envelope: EnvelopeRow; command: CommandRow }>;
  remind(tenantId: string, request: RemindRequest): Promise<{ envelope: EnvelopeRow; command: CommandRow }>;
  updateRecipient(tenantId: string, request: UpdateRecipientRequest): Promise<UpdatedRecipient>;
  signingUrl(tenantId: string, request: SigningRequest): Promise<SigningUrl>;
  confirmSigning(tenantId: string, recipientId: string): Promise<ConfirmedSigning>;
  /** Asks the provider where the cache is staler than asked; says which could not be refreshed. */
  refresh(envelopes: readonly EnvelopeRow[], freshness: Freshness): Promise<ReadonlyMap<string, Staleness>>;
  find(tenantId: string, ids: readonly string[]): Promise<LoggedEnvelope[]>;
  list(tenantId: string, page: EnvelopePage): Promise<ListedEnvelopes>;
  recipients(tenantId: string, envelopeIds: readonly string[]): Promise<RecipientRow[]>;
  findRecipients(tenantId: string, ids: readonly string[]): Promise<RecipientRow[]>;
  fields(tenantId: string, envelopeIds: readonly string[]): Promise<FieldRow[]>;
  documents(tenantId: string, envelopeIds: readonly string[]): Promise<EnvelopeDocumentRow[]>;
  commands(tenantId: string, envelopeIds: readonly string[]): Promise<CommandRow[]>;
}

export function createEnvelopes(deps: SendDeps, lookUps: LookUps): Envelopes {
  const { database, world } = deps;
  return {
    createUpload: (tenantId, request) => createUpload(deps, tenantId, request),
    validate: (tenantId, input) => validateEnvelope(deps, tenantId, input),
    create: (tenantId, request) => createEnvelope(deps, tenantId, request),
    updateDraft: (tenantId, request) => updateDraft(deps, tenantId, request),
    deleteDraft: (tenantId, request) => deleteDraft(deps, tenantId, request),
    send: (tenantId, request) => sendEnvelope(deps, tenantId, request),
    void: (tenantId, request) => voidEnvelope(deps, tenantId, request),
    remind: (tenantId, request) => remindEnvelope(deps, tenantId, request),
    updateRecipient: (tenantId, request) => updateRecipient(deps, tenantId, request),
    signingUrl: (tenantId, request) => createSigningUrl(deps, tenantId, request),
    confirmSigning: (tenantId, recipientId) => confirmSigning(deps, lookUps, tenantId, recipientId),
    refresh: (envelopes, freshness) => refresh(lookUps, world, envelopes, freshness),
    find: (tenantId, ids) => database.withTenants([tenantId], (tx) => findLogged(tx, tenantId, ids)),
    list: (tenantId, page) =>
      database.readSnapshot([tenantId], async (tx) => {
        const { sequence } = await readHead(tx, tenantId);
        const rows = await listEnvelopes(tx, tenantId, page);
        return { rows: rows.slice(0, page.first), hasMore: rows.length > page.first, head: sequence };
      }),
    recipients: (tenantId, ids) => database.withTenants([tenantId], (tx) => recipientsOf(tx, tenantId, ids)),
    findRecipients: (tenantId, ids) => database.withTenants([tenantId], (tx) => findRecipients(tx, tenantId, ids)),
    fields: (tenantId, ids) => database.withTenants([tenantId], (tx) => fieldsOf(tx, tenantId, ids)),
    documents: (tenantId, ids) => database.withTenants([tenantId], (tx) => documentsOf(tx, tenantId, ids)),
    commands: (tenantId, ids) => database.withTenants([tenantId], (tx) => commandsOf(tx, tenantId, ids)),
  };
}
