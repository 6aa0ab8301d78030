import type { RemoteCandidate } from "./candidate.ts";
import type { LocalDescription } from "./local.ts";
import type { SdpProblem } from "./problem.ts";

/** An application/trickle-ice-sdpfrag body (RFC 8840). */
export interface Fragment {
  /** Null when the fragment has none: it then belongs to the current credentials. */
  readonly ufrag: string | null;
  readonly pwd: string | null;
  readonly candidates: readonly RemoteCandidate[];
  readonly endOfCandidates: boolean;
}

export declare function readFragment(text: string): Fragment | SdpProblem;

/** Whether both credentials differ from the current ones: RFC 9725 4.3.3. */
export declare function isRestart(
  fragment: Fragment,
  current: { readonly ufrag: string; readonly pwd: string },
): boolean;

/** The 200 body of a restart. `mid` is the first bundled one. */
export declare function writeRestartFragment(local: LocalDescription, mid: string): string;
