/**
 * A write that the provider itself failed at, once more: soon after, and only where a look-up finds it undone. It spares
 * the caller of a single 500 or 503 the long way of a doubt.
 * @module
 */
import { OutcomeUnknown, ProviderUnavailable } from '../model/problems.ts';
import type { World } from '../world.ts';

/** Milliseconds, drawn anew each time so that not all come back at once. */
const SOONEST_MS = 200;
const LATEST_MS = 500;
/** When the provider asks for a longer wait than this, the command's next attempt asks again. */
const PATIENCE_MS = 2_000;

/**
 * `find` answers what the first try left behind, or null when it left nothing; it is left out where `write` looks for
 * itself before it gives up. An answer that was lost is never followed by a second try: that write may still land.
 */
export async function withSecondTry<T>(
  world: World,
  write: () => Promise<T>,
  find: () => Promise<T | null> = async () => null,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const wait = error instanceof OutcomeUnknown && error.failed ? pause(world, error.retryAfter) : null;
    if (!(error instanceof OutcomeUnknown) || wait === null) throw error;
    await world.sleep(wait);
    try {
      return (await find()) ?? (await write());
    } catch (second) {
      // The second try was not made, and whether the first one did anything is as unknown as before.
      if (second instanceof ProviderUnavailable) {
        throw new OutcomeUnknown(error.fault, { cause: second, retryAfter: second.retryAfter });
      }
      throw second;
    }
  }
}

/** Null when it would be too long. */
function pause(world: World, retryAfter: Date | null): number | null {
  const wait = SOONEST_MS + world.random() * (LATEST_MS - SOONEST_MS);
  const asked = retryAfter ? retryAfter.getTime() - world.now().getTime() : 0;
  return asked > PATIENCE_MS ? null : Math.max(wait, asked);
}
