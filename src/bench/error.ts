/** The bench cannot go on: the message says why, in one line. */
export class BenchError extends Error {
  override readonly name = "BenchError";
}
