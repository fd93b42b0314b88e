/**
 * A single connection to Postgres, for a question that is asked once.
 * @module
 */
import { Client } from 'pg';
import { connectionFault } from './database-fault.ts';

const CONNECT_MS = 10_000;

/** The caller ends it. Throws DatabaseFault when there is no connecting. */
export async function connectTo(url: string, name = 'countersign'): Promise<Client> {
  try {
    // Making it reads the files that the address names for TLS.
    const client = new Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: CONNECT_MS,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  } catch (error) {
    throw connectionFault(error);
  }
}
