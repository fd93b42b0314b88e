/**
 * Why a database can't be used, as a person can mend it: what went wrong, in the words of the server or the network, and
 * what to do. Without a driver, so that every command can tell such an error at no cost.
 * @module
 */

export class DatabaseFault extends Error {
  /** What went wrong, without a full stop. */
  readonly what: string;
  /** What to do about it, in sentences. */
  readonly fix: string;

  constructor(what: string, fix: string, options?: ErrorOptions) {
    super(`DATABASE_URL: ${what}. ${fix}`, options);
    this.name = 'DatabaseFault';
    this.what = what;
    this.fix = fix;
  }
}

const OWNER =
  'Use a login that owns the database and may create roles (CREATEROLE); where another database has made the role countersign_app, an administrator grants it (docs/operations.md).';
const TRUST =
  'Name the certificate of its authority with sslrootcert=FILE; sslmode=no-verify encrypts without looking whose certificate it is.';
const NO_ANSWER = 'Check host and port in DATABASE_URL, that the server runs, and what firewalls stand between.';

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_STATE: Readonly<Record<string, string>> = {
  '3D000': 'Create the database (docs/operations.md), or name one that exists in DATABASE_URL.',
  '28P01': 'Correct user and password in DATABASE_URL; special characters of a password are written as %XX there.',
  '28000': 'Use a login that the server lets in from here (pg_hba.conf); where it asks for encryption, add sslmode.',
  '42501': OWNER,
  '53300': "Close other connections, lower DATABASE_CONNECTIONS, or raise the server's max_connections.",
  '57P01': 'Try again in a moment: the server shuts down, or an administrator ended the connection.',
  '57P03': 'Try again in a moment: the server starts or shuts down.',
  '25006': 'Use the address of the primary: this server takes no writes.',
  '55P03': 'Another process holds the lock, such as a migration or a long transaction: try again when it has ended.',
};

/** By code of Node's network and TLS. */
const BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the server, or correct host and port in DATABASE_URL: nothing listens there.',
  ENOTFOUND: 'Correct the host in DATABASE_URL: no such name is known here.',
  EAI_AGAIN: 'Correct the host in DATABASE_URL, or mend the name service (DNS) of this machine.',
  DEPTH_ZERO_SELF_SIGNED_CERT: TRUST,
  SELF_SIGNED_CERT_IN_CHAIN: TRUST,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TRUST,
  UNABLE_TO_GET_ISSUER_CERT: TRUST,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: TRUST,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Connect by a name that its certificate holds, or give the server one for this name.',
  CERT_HAS_EXPIRED: "Renew the server's certificate.",
};

/** Errors of the driver that have no code. */
const BY_WORDS: readonly [RegExp, string][] = [
  [/does not support SSL/, 'Switch TLS on at the server (ssl = on), or connect without by sslmode=disable.'],
  [/password must be/, 'Put the password into DATABASE_URL: the server asks for one.'],
  [
    /terminated unexpectedly|ECONNRESET|EPIPE/,
    'See that host and port are those of a PostgreSQL, and what its log says.',
  ],
];

/** The fault in an error that came of connecting: whatever it is, the database can't be used. */
export function connectionFault(error: unknown): DatabaseFault {
  const code = codeOf(error) ?? '';
  const cause = { cause: error };
  // A file that can't be read has its path; so has a socket that can't be connected to.
  if (error instanceof Error && 'path' in error && !('syscall' in error && error.syscall === 'connect')) {
    const what = `the file ${String(error.path)}, which it names for TLS, can't be read (${code})`;
    return new DatabaseFault(what, 'Correct sslrootcert, sslcert or sslkey in DATABASE_URL.', cause);
  }
  const said = saying(error);
  const fix = BY_STATE[code] ?? BY_CODE[code] ?? BY_WORDS.find(([words]) => words.test(`${said} ${code}`))?.[1];
  return new DatabaseFault(`the database can't be reached: ${said}`, fix ?? NO_ANSWER, cause);
}

/** The fault in an error of a statement; null for one that no operator can mend: a bug, which deserves its stack. */
export function statementFault(error: unknown): DatabaseFault | null {
  const found = rootOf(error);
  const fix = BY_STATE[codeOf(found) ?? ''];
  if (fix !== undefined) return new DatabaseFault(saying(found), fix, { cause: error });
  return found instanceof Error && found.message.startsWith('Connection terminated') ? connectionFault(found) : null;
}

/** SQLSTATE of a failed statement, or null when the error isn't the database's. Each has a digit: EPIPE isn't one. */
export function sqlState(error: unknown): string | null {
  const code = codeOf(rootOf(error));
  return code !== null && isState(code) ? code : null;
}

/** The error that the database or the network raised, below what is wrapped around it. */
function rootOf(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (isState(codeOf(cause) ?? '')) return cause;
  return error;
}

function isState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The words of an error; several addresses that all failed have theirs within. */
function saying(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(saying).join(', ');
  return error instanceof Error ? error.message : String(error);
}
