/**
 * What a development installation keeps between starts: its keys and its demo tenant. Made at the first start, readable
 * by its owner alone.
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { AuthConfig } from '../auth/auth-config.ts';
import type { SecretKey } from '../auth/sealer.ts';
import type { World } from '../world.ts';

const Kept = z.object({ tenantId: z.uuid(), secretKey: z.base64(), authSecret: z.string().min(32) });

export interface DevKeys {
  readonly tenantId: string;
  readonly secretKeys: readonly SecretKey[];
  readonly auth: AuthConfig;
}

export function devKeys(directory: string, world: World): DevKeys {
  const path = join(directory, 'keys.json');
  if (!existsSync(path)) {
    const made = {
      tenantId: world.uuid(),
      secretKey: world.randomBytes(32).toString('base64'),
      authSecret: world.randomBytes(32).toString('base64url'),
    };
    writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  }
  const { tenantId, secretKey, authSecret } = Kept.parse(JSON.parse(readFileSync(path, 'utf8')));
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
