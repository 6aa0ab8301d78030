const pool = new Uint32Array(1024);
let used = pool.length;

/** Uniform in [0, 1). */
export function random(): number {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const value = pool[used]! / 2 ** 32;
  used += 1;
  return value;
}
