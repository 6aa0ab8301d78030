import type { MediaSection } from "../commands.ts";
import type { RemotePeer } from "./offer.ts";
import type { SdpProblem } from "./problem.ts";

export interface ClientOffer {
  readonly role: "publisher" | "viewer";
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprint: string;
  readonly sessionId: string;
  readonly cname: string;
  readonly streamId: string;
  /** Publisher: ours, with ssrcs. Viewer: normally VIEWER_MEDIA. */
  readonly media: readonly MediaSection[];
}

/** An answer to our own offer. */
export interface Answer {
  readonly peer: RemotePeer;
  /** Accepted sections; `ssrcs` are the server's (viewer) or empty (publisher). */
  readonly media: readonly MediaSection[];
}

export declare function writeOffer(offer: ClientOffer): string;
export declare function readAnswer(text: string): Answer | SdpProblem;
