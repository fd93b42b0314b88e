/**
 * The stand-ins of the providers, alone.
 * @module
 */
import { parseArgs } from 'node:util';
import { signEnvelope } from '../sandbox/docusign/control.ts';
import { startDocusignSandbox } from '../sandbox/docusign/index.ts';
import { makeCertificate } from '../sandbox/kit/certificate.ts';
import { untilStopped } from './signals.ts';
import { portFrom, UsageError, wholeFrom } from './usage.ts';

export async function sandbox(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4010' },
      seed: { type: 'string' },
      'auto-sign': { type: 'string' },
      tls: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      url: { type: 'string', default: 'http://127.0.0.1:4010' },
    },
  });
  const [verb, id] = positionals;
  if (verb === 'sign') {
    if (!id)
      throw new UsageError(
        'Say which envelope: countersign sandbox sign ID, with the id DocuSign gave it (`providerId`).',
      );
    await signEnvelope(values.url, id).catch((error: unknown) => {
      throw new UsageError(whyNot(error, values.url));
    });
    process.stdout.write(`Signed ${id}.\n`);
    return 0;
  }
  if (verb !== undefined)
    throw new UsageError(`There is no "sandbox ${verb}"; there is "sandbox" and "sandbox sign ID".`);
  const autoSign = values['auto-sign'];
  const tls = values.tls ? await makeCertificate() : undefined;
  const docusign = await startDocusignSandbox({
    ...(tls !== undefined && { tls }),
    port: portFrom(values.port, '--port'),
    ...(values.seed !== undefined && { seed: wholeFrom(values.seed, '--seed') }),
    autoSign: autoSign === undefined ? false : { afterMs: wholeFrom(autoSign, '--auto-sign') },
  });
  const { url, credentials } = docusign;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ docusign: { url, ...(tls !== undefined && { ca: tls.cert }), ...credentials } })}\n`
      : welcome(url, credentials, tls?.cert),
  );
  await untilStopped();
  await docusign.close();
  return 0;
}

function welcome(
  url: string,
  { integrationKey, userId, accountId }: { integrationKey: string; userId: string; accountId: string },
  ca: string | undefined,
): string {
  return [
    `DocuSign sandbox   ${url}`,
    `  inbox            ${url}/inbox`,
    `  integration key  ${integrationKey}`,
    `  user id          ${userId}`,
    `  account id       ${accountId}`,
    '  private key      countersign sandbox --json',
    ...(ca === undefined ? [] : ['', 'Trust this certificate, in Node by NODE_EXTRA_CA_CERTS=FILE:', ca.trim()]),
    '',
  ].join('\n');
}

/** The sandbox's own words, or that there is none. */
function whyNot(error: unknown, url: string): string {
  const said = error instanceof Error ? error.message : String(error);
  return said === 'fetch failed' ? `No sandbox answers at ${url}: say where it is with --url.` : said;
}
