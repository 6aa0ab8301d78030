/**
 * Stops the worker when one of our own invariants is broken. Never used for input: bad input is
 * returned and counted. Stays on in production; control restarts a worker that throws.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}
