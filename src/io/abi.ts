/**
 * Where Linux differs by processor in what src/io passes to it. All else there is alike on both:
 * test/io/abi.test.ts asks the C compilers.
 */
interface Abi {
  /** struct epoll_event: u32 events, u64 data; packed on x86-64 alone. */
  readonly epollEventBytes: number;
  readonly epollDataAt: number;
  /** The largest pages that a kernel for it may have: what is whole in these is whole in smaller ones. */
  readonly pageBytes: number;
}

/** By the names that process.arch has: an executable is made for these. */
export const ABIS = {
  x64: { epollEventBytes: 12, epollDataAt: 4, pageBytes: 4096 },
  arm64: { epollEventBytes: 16, epollDataAt: 8, pageBytes: 65_536 },
} satisfies Readonly<Record<string, Abi>>;

const own = (ABIS as Readonly<Record<string, Abi>>)[process.arch];
if (own === undefined) throw new Error(`Spillway does not run on ${process.arch}`);

/** That of this process. */
export const ABI = own;
