import type { LocalDescription } from "../../sdp/local.ts";
import type { Placement } from "../plane/plane.ts";
import type { RandomBytes } from "../ports.ts";
import type { AdmissionServices } from "./admission.ts";

/** Our side of a session. */
export function describeLocal(
  { random, plane }: Pick<AdmissionServices, "random" | "plane">,
  placement: Placement,
): LocalDescription {
  const ssrcs = distinctSsrcs(random);
  return {
    ...credentials(random),
    fingerprint: `sha-256 ${plane.fingerprint.replace(/^sha-256 /i, "")}`,
    candidates: placement.candidates,
    sessionId: (Buffer.from(random(8)).readBigUInt64BE() >> 2n).toString(),
    cname: Buffer.from(random(12)).toString("base64url"),
    streamId: Buffer.from(random(12)).toString("base64url"),
    ssrcs: { audio: ssrcs[0]!, video: ssrcs[1]!, videoRtx: ssrcs[2]! },
  };
}

/** 48 and 144 random bits in the ice-char alphabet (RFC 8839 5.4 wants 24 and 128). */
export function credentials(random: RandomBytes): { ufrag: string; pwd: string } {
  return {
    ufrag: Buffer.from(random(6)).toString("base64"),
    pwd: Buffer.from(random(18)).toString("base64"),
  };
}

function distinctSsrcs(random: RandomBytes): readonly number[] {
  const found = new Set<number>();
  while (found.size < 3) {
    const ssrc = Buffer.from(random(4)).readUInt32BE();
    if (ssrc !== 0) found.add(ssrc);
  }
  return [...found];
}
