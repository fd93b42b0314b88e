/**
 * Says what is wrong, and what to do about it, for people and for CI.
 * @module
 */
import { parseArgs } from 'node:util';
import { doctorConfig } from '../config.ts';
import { systemWorld } from '../world.ts';
import { examine, type Finding } from './examine.ts';

/** Ends with 1 when something fails; with `--strict` also when something is worth a warning. */
export async function doctor(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, strict: { type: 'boolean', default: false } },
  });
  const findings = await examine(doctorConfig(), systemWorld());
  const bad = findings.some(({ state }) => state === 'fail' || (values.strict && state === 'warn'));
  process.stdout.write(
    values.json ? `${JSON.stringify({ ok: !bad, findings })}\n` : `${findings.map(lineOf).join('\n')}\n`,
  );
  return bad ? 1 : 0;
}

function lineOf({ about, check, state, detail, fix }: Finding): string {
  const line = `${state.padEnd(4)}  ${about}  ${check}: ${detail}`;
  return fix === null ? line : `${line}\n      ${fix}`;
}
