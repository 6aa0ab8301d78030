/** Waits for a condition by asking again and again, so that no test sleeps for a guessed time. */

const INTERVAL_MS = 50;

/**
 * Calls `probe` until it returns something truthy, which is returned. Throws after `timeoutMs` with
 * `what` and the last value that `see` (by default the probe itself) gave.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => T | Promise<T>,
  see: () => unknown = probe,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${show(await see())}`);
    }
    await Bun.sleep(INTERVAL_MS);
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
