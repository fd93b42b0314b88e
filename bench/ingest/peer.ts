/**
 * What a careful engineer would write without a gateway: `node:http` and pg, the same checks, the same three writes.
 * `peer.ts tx` keeps them in a transaction of three statements, `peer.ts statement` in one statement.
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { z } from 'zod';
import { HMAC_KEY } from './message.ts';
import { INSERT, LOG, ONE_STATEMENT, UPDATE } from './statements.ts';

const [, , variant = '', connectionString = ''] = process.argv;
const pool = new Pool({ connectionString, max: 32 });

const Message = z.object({
  event: z.string(),
  generatedDateTime: z.string(),
  data: z.object({ envelopeId: z.string(), envelopeSummary: z.object({ status: z.string() }) }),
});
type Message = z.infer<typeof Message>;

async function inTransaction(key: string, body: Buffer, { event, generatedDateTime, data }: Message): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const inserted = await client.query({ name: 'insert', text: INSERT, values: [key, body] });
    if (inserted.rowCount === 1) {
      const { status } = data.envelopeSummary;
      const { rows } = await client.query<{ id: string; version: number }>({
        name: 'update',
        text: UPDATE,
        values: [data.envelopeId, status, generatedDateTime],
      });
      for (const { id, version } of rows) {
        await client.query({ name: 'log', text: LOG, values: [id, version, event, status] });
      }
    }
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    await client.query('ROLLBACK');
    client.release();
    throw error;
  }
}

async function inOneStatement(key: string, body: Buffer, { event, generatedDateTime, data }: Message): Promise<void> {
  await pool.query({
    name: 'all',
    text: ONE_STATEMENT,
    values: [key, body, data.envelopeId, data.envelopeSummary.status, generatedDateTime, event],
  });
}

function isSigned(body: Buffer, signature: unknown): boolean {
  const wanted = createHmac('sha256', HMAC_KEY).update(body).digest();
  const given = Buffer.from(String(signature), 'base64');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

const store = variant === 'tx' ? inTransaction : inOneStatement;

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks);
    if (!isSigned(body, req.headers['x-docusign-signature-1'])) {
      res.writeHead(401).end();
      return;
    }
    const message = Message.parse(JSON.parse(body.toString()));
    const key = createHash('sha256')
      .update(`${message.data.envelopeId} ${message.event} ${message.generatedDateTime}`)
      .digest('base64url');
    store(key, body, message).then(
      () => res.writeHead(200, { 'content-length': 6 }).end('stored'),
      (error: unknown) => {
        console.error(error);
        res.writeHead(503).end();
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ port }));
});
process.once('SIGTERM', () => process.exit(0));
