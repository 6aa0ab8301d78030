/**
 * Remembers for ten minutes that a server's media do not come through here, so that the next page
 * need not wait for them again. In sessionStorage, or where a page may not have it, in memory.
 */
const REMEMBERED_MS = 600_000;

const memory = new Map<string, number>();

/** @param endpoint a WHEP address: what counts is its origin */
export function isBlocked(endpoint: string, wallMs: number): boolean {
  const key = keyOf(endpoint);
  const since = Number(readStored(key) ?? memory.get(key) ?? Number.NaN);
  return wallMs - since >= 0 && wallMs - since < REMEMBERED_MS;
}

/** Remembers, or forgets where `blocked` is false. */
export function rememberBlocked(endpoint: string, blocked: boolean, wallMs: number): void {
  const key = keyOf(endpoint);
  if (blocked) memory.set(key, wallMs);
  else memory.delete(key);
  try {
    if (blocked) sessionStorage.setItem(key, String(wallMs));
    else sessionStorage.removeItem(key);
  } catch {
    // A sandboxed frame has no storage.
  }
}

function readStored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function keyOf(endpoint: string): string {
  return `spillway-blocked:${new URL(endpoint).origin}`;
}
