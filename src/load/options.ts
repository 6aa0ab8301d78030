/** What the main thread orders of a load thread. */
import type { WhipOptions } from "../client/whip.ts";
import type { FeedbackPlan } from "./viewer-feedback.ts";

interface ThreadLoad extends WhipOptions {
  /** Memory of LoadCounters. */
  readonly block: SharedArrayBuffer;
  /** Where OpenSSL is: ResolvedOpenSsl.where. */
  readonly openssl: string;
  /** SRTP profiles offered, as OpenSSL writes them; null for all, AES-128-GCM first. */
  readonly srtpProfiles: string | null;
}

export interface ViewerLoad extends ThreadLoad {
  readonly kind: "viewers";
  /** Viewers are spread over these in turn. */
  readonly urls: readonly string[];
  readonly viewers: number;
  /** Joins a second of this thread. */
  readonly rate: number;
  /** Viewers that come before and are not counted. */
  readonly rehearse: number;
  /** A viewer leaves after this, us; 0 stays to the end. */
  readonly holdUs: number;
  /** Every n-th viewer decrypts and checks all it gets. */
  readonly sample: number;
  /** The pictures of those go to files whose paths begin so; null for none. */
  readonly record: string | null;
  /** 0..1. */
  readonly loss: number;
  readonly feedback: FeedbackPlan;
  readonly gro: boolean;
  /** Offers abs-capture-time, which browsers do not by themselves. */
  readonly captureTime: boolean;
  readonly audio: boolean;
  readonly video: boolean;
}

export interface PublisherLoad extends ThreadLoad {
  readonly kind: "publishers";
  /** One publisher each. */
  readonly urls: readonly string[];
  readonly source: SourcePlan;
}

/** A synthetic stream. */
export interface SourcePlan {
  readonly audio: boolean;
  readonly video: boolean;
  /** Of the video's payloads, bits a second. */
  readonly bitrate: number;
  readonly fps: number;
  /** Packets of a frame leave evenly over this time; 0 sends them at once. */
  readonly spreadUs: number;
  /** Largest payload of a packet. */
  readonly packetBytes: number;
  /** Seconds from keyframe to keyframe. */
  readonly gopSeconds: number;
  /** Size of a keyframe in other frames. */
  readonly keyframeRatio: number;
  /** Simulcast layers, 1 for none: each has half the bit rate of the one above it. */
  readonly layers: number;
}

export type LoadOrder = ViewerLoad | PublisherLoad;
