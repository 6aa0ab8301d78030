import { sockaddrOf } from "../io/udp-socket.ts";
import type { RemoteCandidate } from "../sdp/candidate.ts";
import { copyPath, type Path } from "../wire/path.ts";

/** Where a server can be reached: by IPv4 if it names such an address, all from one socket. */
export function candidatePaths(candidates: readonly RemoteCandidate[]): {
  readonly family: 4 | 6;
  readonly paths: readonly Path[];
} {
  const family = candidates.some((candidate) => candidate.family === 4) ? 4 : 6;
  const paths = candidates
    .filter((candidate) => candidate.family === family)
    .map(({ address, port }) => copyPath(0, sockaddrOf(address, family, port), 0));
  return { family, paths };
}
