/**
 * Legacy XML from end to end: the stand-in sends it by an account's own configuration, the dialect reads it.
 * @module
 */
import { expect, it, onTestFinished } from 'vitest';
import { initialState, reduce, view } from '../../../src/model/reduce.ts';
import { BEGINNING } from '../../../src/model/time.ts';
import { docusign } from '../../../src/providers/docusign/index.ts';
import { signEnvelope } from '../../../src/sandbox/docusign/control.ts';
import { systemWorld } from '../../../src/world.ts';
import { ALL_EVENTS, startClient } from '../../sandbox/harness.ts';
import { contentOf, newCorrelation } from '../contract-content.ts';
import { startHook } from '../hook.ts';

it.each([false, true])('an envelope is followed by XML and the reads it asks for (zone told: %s)', async (zone) => {
  const world = systemWorld();
  const rest = await startClient({ seed: 12 });
  const hook = await startHook(docusign.webhook.accepted);
  onTestFinished(() => hook.stop());
  const { accountId: providerAccountId, ...known } = rest.sandbox.credentials;
  const credentials = { ...known, providerAccountId, oauthUrl: rest.sandbox.url };
  const account = await docusign.connect({ credentials, environment: 'SANDBOX' }, world);
  const client = docusign.open({ ...account, environment: 'SANDBOX', webhookUrl: null }, world);
  const made = await rest.call('POST', '/connect', {
    urlToPublishTo: hook.url,
    requiresAcknowledgement: 'true',
    includeHMAC: 'true',
    includeTimeZoneInformation: String(zone),
    events: ALL_EVENTS,
    eventData: { version: 'legacy', includeData: ['documents'] },
  });
  expect(made.status).toBe(201);

  const correlation = newCorrelation(world);
  const { providerId } = await client.createDraft(await contentOf(correlation, {}), correlation);
  await client.release(providerId);
  await signEnvelope(rest.sandbox.url, providerId);
  await rest.control('POST', '/idle');

  expect(hook.received.length).toBeGreaterThan(3);
  for (const request of hook.received) {
    expect(request.headers['content-type']).toMatch(/^text\/xml/);
    expect(docusign.webhook.verify(request, account.webhookKeys)).toBeNull();
  }
  const told = hook.received.flatMap((request) => docusign.webhook.parse(request, account.providerAccountId).sightings);
  for (const sighting of told) {
    expect(sighting).toMatchObject({ providerId, envelopeId: correlation.envelopeId, incomplete: true });
  }
  expect(told.some(({ observation }) => observation.envelope.length > 0)).toBe(zone);
  const read = await client.read([{ providerId, sawEnd: null }]);
  const states = [read, [...told, ...read], [...read, ...told.toReversed()]].map((sightings) =>
    sightings.reduce((state, { observation }) => reduce(state, observation).state, initialState(BEGINNING)),
  );
  expect(view(states[0] ?? initialState(BEGINNING)).status).toBe('COMPLETED');
  expect(states[1]).toEqual(states[0]);
  expect(states[2]).toEqual(states[0]);
});
