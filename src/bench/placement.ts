/** Who runs on which processors, so that the receivers' work is not taken for the server's. */

export interface Placement {
  /** False where the kernel lets nobody choose: then everybody runs anywhere. */
  readonly pinned: boolean;
  readonly server: readonly number[];
  readonly receivers: readonly number[];
  /** There is only one processor: the receivers take a part of what the server could have. */
  readonly shared: boolean;
  /** The receivers' are other threads of the server's own core, which they slow down. */
  readonly siblings: boolean;
}

/** `siblingsOf`: all threads of the core that a processor belongs to, itself included. */
export function place(
  cores: readonly number[],
  siblingsOf: (core: number) => readonly number[],
  pinned = true,
): Placement {
  const server = cores[0]!;
  const rest = cores.filter((core) => core !== server);
  if (rest.length === 0) {
    return { pinned, server: [server], receivers: [server], shared: true, siblings: false };
  }
  const siblings = siblingsOf(server);
  const apart = rest.filter((core) => !siblings.includes(core));
  return {
    pinned,
    server: [server],
    receivers: apart.length > 0 ? apart : rest,
    shared: false,
    siblings: apart.length === 0,
  };
}

/** "0", "0-3,8": how the kernel lists processors. */
export function parseCores(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    if (part === "" || first === undefined || !Number.isInteger(first)) return [];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}
