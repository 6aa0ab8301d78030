import { dlopen } from "bun:ffi";

const { symbols: libc } = dlopen("libc.so.6", {
  mallinfo2: { args: ["ptr"], returns: "ptr" },
});

/** What all threads have from malloc. */
export function allocatedBytes(): number {
  // struct mallinfo2: ten size_t; hblkhd (mapped) is the fifth, uordblks (in arenas) the eighth.
  const words = new BigUint64Array(10);
  libc.mallinfo2(words);
  return Number(words[4]! + words[7]!);
}
