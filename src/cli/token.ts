/**
 * A bearer token signed with AUTH_SECRET, for trials and scripts.
 * @module
 */
import { parseArgs } from 'node:util';
import { mintToken } from '../auth/mint.ts';
import { type Scope, SCOPES } from '../auth/principal.ts';
import { tokenConfig } from '../config.ts';
import { isUuid, uuidOf } from '../model/ids.ts';
import { systemWorld } from '../world.ts';
import { UsageError, wholeFrom } from './usage.ts';

export async function token(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tenant: { type: 'string' },
      subject: { type: 'string', default: 'cli' },
      scopes: { type: 'string', default: SCOPES.join(',') },
      envelopes: { type: 'string' },
      'expires-in': { type: 'string', default: '3600' },
    },
  });
  if (values.tenant !== undefined && !isUuid(values.tenant))
    throw new UsageError('--tenant is a UUID: whose rows the token sees.');
  const world = systemWorld();
  const tenantId = values.tenant ?? world.uuid();
  const minted = await mintToken(
    tokenConfig(),
    {
      tenantId,
      subject: values.subject,
      scopes: listFrom(values.scopes).map(scopeFrom),
      ...(values.envelopes !== undefined && { envelopes: listFrom(values.envelopes).map(envelopeFrom) }),
      expiresInSeconds: wholeFrom(values['expires-in'], '--expires-in'),
    },
    world,
  );
  // The token alone is what a script takes.
  if (values.tenant === undefined)
    process.stderr.write(
      `The token is for the new tenant ${tenantId}: give --tenant ${tenantId} for more of its tokens.\n`,
    );
  process.stdout.write(`${minted}\n`);
  return 0;
}

function listFrom(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function scopeFrom(text: string): Scope {
  const scope = SCOPES.find((candidate) => candidate === text);
  if (!scope) throw new UsageError(`There is no scope "${text}"; there are ${SCOPES.join(', ')}.`);
  return scope;
}

function envelopeFrom(text: string): string {
  const uuid = uuidOf('Envelope', text);
  if (!uuid) throw new UsageError(`"${text}" is no envelope id (env_…).`);
  return uuid;
}
