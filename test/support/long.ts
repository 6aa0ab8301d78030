/** True, after saying so once a file, where tests that take half a minute and more are left out. */
export function isShort(what: string): boolean {
  if (process.env.LONG === "1") return false;
  console.log(`skipped: ${what} (takes long: npm run long)`);
  return true;
}
