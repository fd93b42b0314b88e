/**
 * What a development installation keeps between starts: its keys and its demo tenant. Made at the first start, readable
 * by its owner alone.
 * @module
 */
import { existsSync, readFileSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { AuthConfig } from '../auth/auth-config.ts';
import type { SecretKey } from '../auth/sealer.ts';
import { DirectoryUnusable } from '../db/data-directory.ts';
import type { World } from '../world.ts';

const Kept = z.object({ tenantId: z.uuid(), secretKey: z.base64(), authSecret: z.string().min(32) });

export interface DevKeys {
  readonly tenantId: string;
  readonly secretKeys: readonly SecretKey[];
  readonly auth: AuthConfig;
}

/** Throws DirectoryUnusable when the file is there and not what this module wrote. */
export function devKeys(directory: string, world: World): DevKeys {
  const path = join(directory, 'keys.json');
  if (!existsSync(path)) {
    const made = {
      tenantId: world.uuid(),
      secretKey: world.randomBytes(32).toString('base64'),
      authSecret: world.randomBytes(32).toString('base64url'),
    };
    // Whole or not at all, should the process be killed meanwhile.
    writeFileSync(`${path}.new`, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const { tenantId, secretKey, authSecret } = read(path);
  return {
    tenantId,
    secretKeys: [{ kid: 'dev', key: Buffer.from(secretKey, 'base64') }],
    auth: {
      issuer: 'countersign-dev',
      audience: 'countersign',
      key: { kind: 'secret', secret: authSecret },
      algorithms: ['HS256'],
      typ: ['at+jwt'],
      tenantClaim: 'tenant',
      scopeClaim: 'scope',
    },
  };
}

function read(path: string): z.infer<typeof Kept> {
  try {
    return Kept.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const fix =
      'Put it back: what the database holds is sealed with it. Or give --data-dir another directory to begin anew.';
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : error;
    throw new DirectoryUnusable(`${path} can't be read`, why, fix);
  }
}
