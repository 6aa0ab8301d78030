/** What a rehearsed client asks for: the offer that a client of ours would write. */
import { offeredSections, offerOf } from "../client/offer.ts";
import type { Fingerprint } from "../contract/session.ts";
import { VIEWER_MEDIA, writeOffer } from "../sdp/client.ts";

const H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
const AUDIO = { codec: "opus", clockRate: 48_000, channels: 2, fmtp: "useinbandfec=1" } as const;
const VIDEO = { codec: "h264", clockRate: 90_000, channels: 1, fmtp: H264 } as const;

export type Role = "publisher" | "viewer";

/** `fingerprint`: of the client's certificate. `random` fills its argument. */
export function rehearsedOffer(
  role: Role,
  fingerprint: Fingerprint,
  random: (out: Uint8Array) => void,
): string {
  let ssrcs = 0;
  const nextSsrc = (): number => {
    ssrcs += 1;
    return spread(ssrcs);
  };
  const sections = role === "viewer" ? VIEWER_MEDIA : offeredSections(AUDIO, VIDEO, nextSsrc);
  return writeOffer(offerOf(role, sections, fingerprint, random));
}

/** A number over all of 32 bits, as random ones are: small ones are another type to the compiler. */
export function spread(number: number): number {
  return Math.imul(number, 0x9e3779b1) >>> 0;
}
