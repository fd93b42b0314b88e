/**
 * Faults, asked for through the control API.
 * @module
 */
import * as z from 'zod';
import { CALL_FAULTS } from './call-faults.ts';
import { WEBHOOK_FAULTS } from './connect.ts';
import type { Sandbox } from './state.ts';

const guid = z.guid().transform((id) => id.toLowerCase());

const webhookOnly = (kind: string): boolean => WEBHOOK_FAULTS.has(kind);

const faultSchema = z
  .strictObject({
    route: z.string().min(1),
    kind: z.enum([...new Set([...CALL_FAULTS, ...WEBHOOK_FAULTS])]),
    times: z.number().int().positive().optional(),
    probability: z.number().min(0).max(1).optional(),
    ms: z.number().min(0).optional(),
    status: z.number().int().min(100).max(599).optional(),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    envelopeId: guid.optional(),
    event: z.string().optional(),
  })
  .refine(
    (fault) =>
      fault.route === 'webhook'
        ? webhookOnly(fault.kind) || fault.kind === 'before-answer'
        : CALL_FAULTS.has(fault.kind),
    {
      message: "this kind doesn't go with this route: see docs/sandbox.md",
      path: ['kind'],
    },
  );

/** `before-answer` may be asked for as a webhook fault: it strikes the next call that has webhooks to send. */
export function addFault(sandbox: Sandbox, body: unknown): unknown {
  const rule = faultSchema.parse(body);
  if (rule.route === 'webhook' && rule.kind === 'before-answer') return sandbox.faults.add({ ...rule, route: '*' });
  return sandbox.faults.add(rule);
}
