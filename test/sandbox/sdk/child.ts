/**
 * A program of someone else's making, as far as the sandbox can tell: DocuSign's own SDK, unmodified, over HTTPS. It runs
 * by itself because NODE_EXTRA_CA_CERTS is read when a process starts. Reads from stdin what the sandbox printed, and
 * prints as one JSON object what it saw.
 * @module
 */
import { text } from 'node:stream/consumers';
import { PDFDocument } from '@cantoo/pdf-lib';
import docusign from 'docusign-esign';
import { control } from '../../../src/sandbox/docusign/control.ts';
import { connect } from './connect.ts';
import { meetErrors, signOne, voidOne } from './envelopes.ts';
import { Printed, refusalOf, signIn } from './session.ts';

const { docusign: given } = Printed.parse(JSON.parse(await text(process.stdin)));
const { integrationKey, userId, url } = given;
const document = await PDFDocument.create();
document.addPage([612, 792]);
const pdf = Buffer.from(await document.save()).toString('base64');

const session = await signIn(given);
await signOne(session, pdf);
await voidOne(session, pdf);
await connect(session, pdf, given.hmacKeys[0] ?? '');
await meetErrors(session, pdf);

const key = Buffer.from(given.privateKey);
const stranger = new docusign.ApiClient();
stranger.setOAuthBasePath(new URL(url).host);
const asked = (client: string, user: string): Promise<unknown> =>
  stranger.requestJWTUserToken(client, user, ['signature', 'impersonation'], key, 600);
session.seen['unknownIssuer'] = await refusalOf(asked(userId, userId));
session.seen['unknownUser'] = await refusalOf(asked(integrationKey, integrationKey));
session.seen['badToken'] = await refusalOf(stranger.getUserInfo('nonsense'));
await control(url, 'DELETE', '/consents', { integrationKey, userId });
session.seen['noConsent'] = await refusalOf(asked(integrationKey, userId));

process.stdout.write(JSON.stringify(session.seen));
