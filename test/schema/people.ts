/**
 * What is asked of the people of an envelope that is out: reminders, corrections, and what became of them.
 * @module
 */
import { sql } from 'drizzle-orm';
import { uuidOf } from '../../src/model/ids.ts';
import { at, eventually, listAt } from '../kit/answer.ts';
import { PROBLEM, signer } from '../kit/envelopes.ts';
import type { Sent, TestTenant } from '../kit/tenant.ts';

/** One more signer, beside or after the first. */
export const CY = signer({ key: 'owner', name: 'Cy Owner', email: 'cy@owner.example' });
export const COMMAND = 'command { id kind state explanation nextTryAt recipient { id } failure { code message } }';
export const PROBLEMS = `${PROBLEM} ... on WrongState { status } ... on TooEarly { nextAllowedAt }
  ... on RecipientFinished { recipientStatus } ... on ProviderRefused { providerCode envelope { id status } }`;

export function peopleOf({ api, tenantId, token }: TestTenant) {
  /** To whom the sandbox has mailed again. */
  async function mailedAgain({ providerId }: Sent): Promise<unknown[]> {
    return (await api.ledger(`?kind=mail&event=resent&envelopeId=${providerId}`)).map((line) => line['to']);
  }

  async function read(id: string): Promise<unknown> {
    const query = `query Q($id: ID!) { envelope(id: $id) { status recipients { id name email status } commands { kind state nextTryAt failure { code message } } } }`;
    return at(await api.gql(token, query, { id }), 'data.envelope');
  }

  async function commandOf({ id }: Sent, kind: string): Promise<unknown> {
    return listAt(await read(id), 'commands').find((command) => at(command, 'kind') === kind);
  }

  async function recipientIs(envelopeId: string, index: number, status: string): Promise<void> {
    await eventually(async () => at(await read(envelopeId), `recipients.${index}.status`) === status);
  }

  /** Changes the commands of the envelope behind everybody's back: time passes, or a process ends. */
  function alter({ id }: Sent, change: ReturnType<typeof sql>): Promise<unknown> {
    return api.database.withTenants([tenantId], (tx) =>
      tx.execute(sql`UPDATE commands SET ${change} WHERE envelope_id = ${uuidOf('Envelope', id)} AND kind <> 'SEND'`),
    );
  }

  /** Has the runner take up the envelope's commands at its next look. */
  function makeDue({ id }: Sent): Promise<unknown> {
    return api.database.withTenants([tenantId], (tx) =>
      tx.execute(sql`INSERT INTO due (tenant_id, kind, id, due_at)
      SELECT tenant_id, 'COMMAND', id, countersign_now() FROM commands
      WHERE envelope_id = ${uuidOf('Envelope', id)} AND kind <> 'SEND'
      ON CONFLICT (tenant_id, kind, id) DO UPDATE SET due_at = excluded.due_at`),
    );
  }

  return { alter, commandOf, mailedAgain, makeDue, read, recipientIs };
}
