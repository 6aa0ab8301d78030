/** By `npm run long`. */
export const LONG = process.env.LONG === "1";

/** True, after saying so once a file, where tests that take half a minute and more are left out. */
export function isShort(what: string): boolean {
  if (LONG) return false;
  console.log(`skipped: ${what} (takes long: npm run long)`);
  return true;
}
