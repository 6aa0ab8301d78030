/**
 * Exponential backoff with jitter: half of the step is fixed, half random, so that a thousand
 * players cut off together do not return together.
 *
 * @param attempt 0 for the first retry
 * @param random uniform in [0, 1)
 * @returns milliseconds to wait, at most `maxMs`
 */
export function backoffMs(attempt: number, random: number, baseMs = 500, maxMs = 15_000): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(attempt, 0), 20));
  return Math.round(step / 2 + (step / 2) * random);
}

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3): seconds or an HTTP date.
 *
 * @returns milliseconds from `nowMs`, at most one minute, or null when absent or unreadable
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  if (!Number.isFinite(ms)) return null;
  return Math.min(60_000, Math.max(0, ms));
}
