/**
 * Connect, led by DocuSign's SDK: configurations, keys, and a message that fails before it is taken.
 * @module
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import docusign from 'docusign-esign';
import * as z from 'zod';
import { control } from '../../../src/sandbox/docusign/control.ts';
import { definition } from './envelopes.ts';
import { refusalOf, type Session } from './session.ts';

interface Taken {
  signatures: string[];
  raw: Buffer;
}

export async function connect({ client, accountId, url, seen }: Session, pdf: string, hmacKey: string): Promise<void> {
  const api = new docusign.ConnectApi(client);
  const statuses = [500, 200];
  const taken: Taken[] = [];
  const server = createServer(async (request, response) => {
    const signatures = [1, 2].flatMap((n) => request.headers[`x-docusign-signature-${n}`] ?? []);
    taken.push({ signatures, raw: await buffer(request) });
    response.writeHead(statuses.shift() ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const target = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`;
  try {
    const connectId = await configure(api, accountId, target, seen);
    // Of keys the SDK knows no model, and answers nothing: the signatures tell.
    await api.createConnectSecret(accountId);
    await api.getConnectSecret(accountId);
    const envelopes = new docusign.EnvelopesApi(client);
    const { envelopeId } = await envelopes.createEnvelope(accountId, { envelopeDefinition: definition('sent', pdf) });
    await control(url, 'POST', '/idle');
    seen['failures'] = await api.listEventFailureLogs(accountId);
    seen['retry'] = await api.retryEventForEnvelope(accountId, envelopeId);
    await control(url, 'POST', '/idle');
    seen['failuresAfter'] = await api.listEventFailureLogs(accountId, { fromDate: '2026-01-01T00:00:00Z' });
    seen['retryOfNothing'] = await api.retryEventForEnvelopes(accountId, {
      connectFailureFilter: { envelopeIds: [envelopeId], synchronous: 'false' },
    });
    await readLogs(api, accountId, seen);
    seen['taken'] = taken.map(({ signatures, raw }) => ({
      message: JSON.parse(raw.toString('utf8')),
      signed: signatures.includes(createHmac('sha256', hmacKey).update(raw).digest('base64')),
      signatures: signatures.length,
    }));
    const newest = (await keysOf(url, accountId)).at(-1)?.keyId ?? '';
    await api.deleteConnectSecret(accountId, newest);
    seen['keysLeft'] = (await keysOf(url, accountId)).length;
    seen['deletedConfiguration'] = await api.deleteConfiguration(accountId, connectId);
    seen['noConfiguration'] = await refusalOf(api.getConfiguration(accountId, connectId));
    seen['configurationsAfter'] = await api.listConfigurations(accountId);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const keys = z.object({ hmacKeys: z.array(z.object({ keyId: z.string() })) });

async function keysOf(url: string, accountId: string): Promise<{ keyId: string }[]> {
  return keys.parse(await control(url, 'GET', `/accounts/${accountId}/hmac-keys`)).hmacKeys;
}

type Api = InstanceType<typeof docusign.ConnectApi>;

async function configure(api: Api, accountId: string, target: string, seen: Session['seen']): Promise<string> {
  const created = await api.createConfiguration(accountId, {
    connectCustomConfiguration: {
      name: 'countersign',
      urlToPublishTo: target,
      configurationType: 'custom',
      allowEnvelopePublish: 'true',
      allUsers: 'true',
      enableLog: 'true',
      requiresAcknowledgement: 'true',
      includeHMAC: 'true',
      deliveryMode: 'SIM',
      events: ['envelope-voided'],
      eventData: { version: 'restv2.1', format: 'json', includeData: ['recipients'] },
    },
  });
  const { connectId } = created;
  seen['configuration'] = created;
  seen['configurationChanged'] = await api.updateConfiguration(accountId, {
    connectCustomConfiguration: { connectId, name: 'countersign 2', events: ['envelope-sent'] },
  });
  seen['configurationRead'] = await api.getConfiguration(accountId, connectId);
  seen['configurations'] = await api.listConfigurations(accountId);
  return connectId;
}

async function readLogs(api: Api, accountId: string, seen: Session['seen']): Promise<void> {
  const logs = await api.listEventLogs(accountId);
  seen['logs'] = logs;
  const newest: unknown = Array.isArray(logs['logs']) ? logs['logs'][0] : undefined;
  const logId = typeof newest === 'object' && newest !== null ? String(Reflect.get(newest, 'logId')) : '';
  seen['log'] = await api.getEventLog(accountId, logId, { additionalInfo: 'true' });
  await api.deleteEventLogs(accountId);
  seen['logsAfter'] = await api.listEventLogs(accountId);
}
