/**
 * Faults that a person can mend, in a sentence with what to do. Everything else is a bug and keeps its stack.
 * @module
 */
import { ConfigError } from '../config.ts';
import { DirectoryInUse, DirectoryUnusable } from '../db/data-directory.ts';
import { DatabaseFault, statementFault } from '../db/postgres/database-fault.ts';
import { Problem } from '../model/problems.ts';
import { StateUnreadable } from '../sandbox/kit/store.ts';
import { UsageError } from './usage.ts';

/** How each command that listens is told another port. */
const PORTS: Readonly<Record<string, string>> = {
  dev: '--port or --sandbox-port (0 takes any)',
  sandbox: '--port (0 takes any)',
  serve: 'PORT or METRICS_PORT',
};

/** Null for an unexpected error. */
export function sentenceFor(error: unknown, command: string): string | null {
  if (
    error instanceof ConfigError ||
    error instanceof DirectoryInUse ||
    error instanceof DirectoryUnusable ||
    error instanceof DatabaseFault ||
    error instanceof StateUnreadable ||
    error instanceof UsageError
  )
    return error.message;
  if (error instanceof Problem) return error.fix === null ? error.message : `${error.message} ${error.fix}`;
  if (!(error instanceof Error)) return null;
  if (error.name === 'TracingNotInstalled') return error.message;
  return listenSentence(error, command) ?? argumentSentence(error, command) ?? statementFault(error)?.message ?? null;
}

function listenSentence(error: Error, command: string): string | null {
  const { code, port, address, syscall } = { code: '', port: '', address: '', syscall: '', ...error };
  const other = `choose another with ${PORTS[command] ?? '--port'}`;
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Stop what uses it, or ${other}.`;
  if (syscall === 'listen' && code === 'EACCES')
    return `Port ${port} may not be taken by this user: ports below 1024 often may not. Use one above, or ${other}.`;
  if (syscall === 'listen' && code === 'EADDRNOTAVAIL')
    return `${address} is no address of this machine. Correct HOST or METRICS_HOST; 0.0.0.0 stands for all of them.`;
  return null;
}

function argumentSentence(error: Error, command: string): string | null {
  if (!('code' in error) || !String(error.code).startsWith('ERR_PARSE_ARGS_')) return null;
  // What follows explains arguments that begin with a hyphen, which no command takes.
  const [said = ''] = error.message.split(/\. To specify a positional|\n/);
  return `${said.replace(/\.$/, '')}. What "countersign ${command}" takes is in "countersign --help".`;
}
