/**
 * A Postgres as an operator sets it up: an empty database, owned by a login that is no superuser and may create roles.
 */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { atEnd } from '../kit/at-end.ts';

/** The address of an empty database, with such a login. Both are dropped after the file. */
export async function ownedPostgres(): Promise<string> {
  const { server } = inject('postgres');
  const name = `countersign_system_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  await administer(server, async (admin) => {
    await admin.query(`CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD '${password}'`);
    // Another database of this server has made the role that tenants' queries run under.
    await admin.query(`GRANT countersign_app TO ${name} WITH ADMIN OPTION`);
    await admin.query(`CREATE DATABASE ${name} OWNER ${name}`);
  });
  atEnd(() =>
    administer(server, async (admin) => {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.query(`DROP ROLE IF EXISTS ${name}`);
    }),
  );
  const url = new URL(`${server}/${name}`);
  url.username = name;
  url.password = password;
  return url.href;
}

async function administer(server: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: `${server}/postgres` });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
