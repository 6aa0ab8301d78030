/**
 * Whether the library in use is behind the copy inside. Of the same series, for instance 3.0: others
 * are not repaired by the same releases.
 */
export function isOlder(used: string, copy: string): boolean {
  const [series, patch] = releaseOf(used);
  const [copySeries, copyPatch] = releaseOf(copy);
  return series === copySeries && patch < copyPatch;
}

/** "3.0" and 22 of "OpenSSL 3.0.22 25 Aug 2026" or "libssl3 3.0.22-1~deb12u2". */
function releaseOf(version: string): readonly [series: string, patch: number] {
  const match = /(\d+\.\d+)\.(\d+)/.exec(version);
  return [match?.[1] ?? "", Number(match?.[2] ?? 0)];
}
