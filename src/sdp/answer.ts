import type { MediaSection, PeerSetup } from "../commands.ts";
import type { CodecName } from "../wire/codecs.ts";
import type { LocalDescription } from "./local.ts";
import type { Offer } from "./offer.ts";
import type { SdpProblem } from "./problem.ts";

/** An answer and what the workers need to know of it. */
export interface NegotiatedAnswer {
  readonly sdp: string;
  readonly peer: PeerSetup;
  readonly media: readonly MediaSection[];
}

/** What a publisher sends now on one track. */
export interface LiveTrack {
  readonly codec: CodecName;
  /** a=fmtp of the publisher's format in use; "" when unknown. */
  readonly fmtp: string;
}

export interface LiveStream {
  readonly audio: LiveTrack | null;
  readonly video: LiveTrack | null;
}

export declare function answerPublisher(
  offer: Offer,
  local: LocalDescription,
  options: { readonly simulcast: boolean },
): NegotiatedAnswer | SdpProblem;

/** `stream` null: nobody publishes yet, the viewer waits. */
export declare function answerViewer(
  offer: Offer,
  local: LocalDescription,
  stream: LiveStream | null,
): NegotiatedAnswer | SdpProblem;
