/**
 * One function per command. Faults that a person can mend are said in a sentence, never with a stack.
 * @module
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { sentenceFor } from './sentences.ts';

const USAGE = `countersign: one GraphQL API over e-signature providers

  countersign dev        everything on this machine: database, sandbox, gateway, GraphiQL
      --port N           of the gateway (4000; 0 takes any)
      --sandbox-port N   of the DocuSign sandbox (4010; 0 takes any)
      --sandbox-json FILE
                         uses the sandbox that runs already and printed this with --json
      --data-dir DIR     where the database is kept (.countersign)
      --public-url URL   https address under which it is reached from outside, such as that of a tunnel
      --allow-origin ORIGIN
                         web origin whose pages may call, beside those of this machine (localhost, on any port);
                         may be given several times
      --json             says where everything is as one line of JSON

  countersign serve      the gateway for production, configured by the environment
  countersign migrate    brings the database at DATABASE_URL up to date
  countersign doctor     looks at settings, database, clock, address and every account; ends with 1 when something fails
      --strict           also when something is worth a warning
      --json             what was found as one line of JSON
  countersign token      a bearer token, signed with AUTH_SECRET
      --tenant UUID      whose rows it sees (a new one, which is said on stderr)
      --subject TEXT     who it stands for (cli)
      --scopes LIST      comma list (all)
      --envelopes LIST   comma list of env_… ids it is narrowed to
      --expires-in N     seconds (3600)

  countersign sandbox    the stand-ins of the providers alone
      --port N           (4010; 0 takes any)
      --seed N           same seed, same run: ids, faults, order
      --auto-sign MS     signs every envelope after so many milliseconds
      --tls              over HTTPS, with a certificate made at the start
      --json             addresses and credentials as one line of JSON; with --tls also the certificate, as "ca"
  countersign sandbox sign ID
                         signs an envelope for everybody whose turn comes; ID is DocuSign's
      --url URL          of the sandbox (http://127.0.0.1:4010)

  countersign --version  its version, and that of Node
`;

/** Each loads what it needs and no more: most need no database, and start in a fraction of the time. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  dev: async (args) => (await import('./dev.ts')).dev(args),
  serve: async (args) => (await import('./serve.ts')).serve(args),
  migrate: async (args) => (await import('./migrate.ts')).migrate(args),
  doctor: async (args) => (await import('./doctor.ts')).doctor(args),
  token: async (args) => (await import('./token.ts')).token(args),
  sandbox: async (args) => (await import('./sandbox.ts')).sandbox(args),
};

export async function main(args: readonly string[]): Promise<number> {
  // The reader closed the pipe (`| head`): it has all that it wants.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  const [name = 'help', ...rest] = args;
  const command = COMMANDS[name];
  if (name === '--version' || name === '-v') {
    process.stdout.write(`countersign ${version()} (Node ${process.versions.node})\n`);
    return 0;
  }
  if (!command) {
    const asked = ['help', '--help', '-h'].includes(name);
    (asked ? process.stdout : process.stderr).write(asked ? USAGE : `There is no command "${name}".\n\n${USAGE}`);
    return asked ? 0 : 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await command(rest);
  } catch (error) {
    const said = sentenceFor(error, name);
    if (said === null) throw error;
    process.stderr.write(`${said}\n`);
    return 1;
  }
}

/** Of the package, whose manifest is as far above the sources as above what is built of them. */
function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}
