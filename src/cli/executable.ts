/** The path of this one; null when it is run from its sources. */
export function ownExecutable(): string | null {
  return Bun.main.startsWith("/$bunfs/") ? process.execPath : null;
}
