/** The processors that an executable is made for, and what others call them. */
import type { ABIS } from "../src/io/abi.ts";

export type Architecture = keyof typeof ABIS;

interface Names {
  /** As Debian names its packages. */
  readonly debian: string;
  /** Folder of its libraries below /usr/lib. */
  readonly triplet: string;
  /** Package of the npm registry that has Bun for it. */
  readonly bun: string;
}

export const ARCHITECTURES: Readonly<Record<Architecture, Names>> = {
  x64: { debian: "amd64", triplet: "x86_64-linux-gnu", bun: "@oven/bun-linux-x64" },
  arm64: { debian: "arm64", triplet: "aarch64-linux-gnu", bun: "@oven/bun-linux-aarch64" },
};

/** This machine's: Bun runs on no other. */
export const OWN_ARCHITECTURE = process.arch as Architecture;
