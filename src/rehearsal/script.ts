/** What control would tell of a session: by the SDP that it would have read and written. */
import type { Fingerprint, MediaSection, PeerSetup } from "../contract/session.ts";
import { answerPublisher, answerViewer } from "../sdp/answer.ts";
import type { LocalDescription } from "../sdp/local.ts";
import { readOffer } from "../sdp/offer.ts";
import { isProblem } from "../sdp/problem.ts";
import { type Role, rehearsedOffer, spread } from "./offer.ts";

export class Script {
  readonly media: readonly MediaSection[];
  readonly #peer: PeerSetup;

  /** `fingerprint`: of the certificate of both ends. `random` fills its argument. */
  constructor(role: Role, fingerprint: Fingerprint, random: (out: Uint8Array) => void) {
    const offer = readOffer(rehearsedOffer(role, fingerprint, random), { role });
    if (isProblem(offer)) throw new Error(offer.detail);
    const local = localDescription(fingerprint);
    const answer =
      role === "viewer"
        ? answerViewer(offer, local, null)
        : answerPublisher(offer, local, { simulcast: true, files: false });
    if (isProblem(answer)) throw new Error(answer.detail);
    this.media = answer.media;
    this.#peer = answer.peer;
  }

  /** With a name of its own in the worker's table. */
  peerOf(session: number): PeerSetup {
    return { ...this.#peer, localUfrag: `rehearsal${session}` };
  }

  /** What this viewer is sent with. */
  mediaOf(session: number): readonly MediaSection[] {
    return this.media.map((section, i) => ({
      ...section,
      ssrcs: [ssrcOf(session, i)],
      rtxSsrcs: section.kind === "video" ? [ssrcOf(session, this.media.length)] : [],
    }));
  }
}

function ssrcOf(session: number, i: number): number {
  return spread(session * 8 + i + 1);
}

function localDescription({ algorithm, value }: Fingerprint): LocalDescription {
  return {
    ufrag: "rehearsal",
    pwd: "password-of-the-rehearsal",
    fingerprint: `${algorithm} ${value}`,
    candidates: [],
    sessionId: "1",
    cname: "rehearsal",
    streamId: "rehearsal",
    ssrcs: { audio: 1, video: 2, videoRtx: 3 },
  };
}
