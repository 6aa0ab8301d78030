/**
 * The words of the code, one meaning each.
 *
 * Who:
 *   stream      a name that somebody publishes, wants to publish or watches; a number in messages.
 *               What RTP calls a stream is named by what it carries: a track, its RTX stream
 *   session     one publisher or one viewer, from its POST until its worker has let go of it;
 *               client/ and web/ hold the other end of one
 *   audience    those of one kind for whom a stream is read on this node: its viewers are one
 *   peer        ICE, DTLS and SRTP of one session, without sockets
 *   path        one of our sockets and one remote address; of a bandwidth estimate, the network
 *               that lies between them
 *   worker      a thread that moves media; control is the thread that serves HTTP and moves none
 *
 * What is sent:
 *   source      where the media of a stream comes from now: the rings that one publisher session, or
 *               another origin, fills
 *   epoch       the number of a source; a later one has a higher number
 *   section     an m= section of the SDP: one audio or one video as it was negotiated
 *   track       what one SSRC carries, and its RTX stream with it: of a publisher the audio or one
 *               simulcast layer, of a viewer or a file the audio or the video
 *   layer       one quality of a video: one of its rings, and a layer point of that ring. It is known
 *               by its packets, or told: by the ring's writer, while its packets are not here
 *   layer point spatial and temporal id within a ring, as one number (spatialId * 8 + temporalId)
 *   rid         the publisher's own name of a simulcast layer
 *   rate        something a second, measured; a bit rate (bitrate, ...Bps) is in bits. What a path
 *               is believed to carry is its estimate, what somebody may have is a limit
 *
 * How it gets from publisher to viewers:
 *   ring        one track of a publisher in shared memory: one writer, many readers
 *   slot        the place of one packet in a ring
 *   origin sequence   the number of a packet in its ring: the publisher's own, unwrapped
 *   arrival     when a packet reached the first node of its way, and its receipt when it came to this
 *               one: the same of a publisher of this node
 *   grant       what control hands out of its pool: a ring to a thread, more slots to a ring
 *   lease       the rings of one source in control's hands, until writer and readers let go of them
 *   wanted      of a ring: a reader thread has tracks for it, and its writer wakes that thread
 *   wish        what a reader asks of a ring's writer, by words in the ring: its media, a keyframe
 *               for a join, after a failure, or for the next segment of a playlist
 *   tail        a stream as files for HTTP (LL-HLS): what the crowd watches, some seconds later;
 *               a rendition is one quality of it, cut into parts and segments
 *   edition     a tail from its first part to its last: all its files are named with it
 *   remark      what somebody says of a stream, or that it is taken back: what the API calls an event.
 *               All remarks of a stream are its discussion
 *   bell        what ends a worker's sleep: a writer rings with news, a reader with a new wish
 *   feed        a ring as one egress worker reads it, and the tracks of viewers that it feeds
 *   following   a stream's present source as one egress worker reads it: a feed a ring
 *   batch       the packets of one feed that are copied out once for all of its tracks
 *   segment     a stretch of a viewer's sequence numbers over one ring; a switch begins another.
 *               UDP segments (GSO) and the segments of a URL or a playlist keep their full names
 *   switch      the way of a viewer to another layer; of a stream to another source, a source switch
 *
 * Times are microseconds of one monotonic clock, the same in all threads: `now`, `...At`, `...Us`.
 */

import type { TransportKind } from "../wire/path.ts";
import type { ClusterCommand, ClusterEvent } from "./cluster.ts";
import type { CloseReason, LayerLimits, MediaSection, PeerSetup } from "./session.ts";
import type { RingGrant, StreamSource } from "./source.ts";
import type { SessionStats } from "./statistics.ts";
import type { TailCommand, TailEvent } from "./tail.ts";

/**
 * The typed messages between the control thread and the media workers. Rare: set-up, tear-down,
 * inspection. Media and counters never travel here, but in shared memory.
 */
export type WorkerCommand =
  | IngestCommand
  | EgressCommand
  | ClusterCommand
  | TailCommand
  | ReaderCommand
  | MediaCommand;

/** To ingest workers. */
type IngestCommand =
  | {
      readonly type: "publisher-open";
      readonly session: number;
      readonly stream: number;
      readonly peer: PeerSetup;
      readonly media: readonly MediaSection[];
      /** The highest bit rate asked of the publisher by REMB, in bits a second. */
      readonly bitrateMax: number;
    }
  /**
   * Control's answer to a publisher's `connected`: where its media goes. Not before, so that whoever
   * only posts offers takes no memory from others.
   */
  | {
      readonly type: "publisher-rings";
      readonly session: number;
      /** Of each section of `media`, one a layer. */
      readonly rings: readonly (readonly RingGrant[])[];
    };

/** To egress workers. */
type EgressCommand =
  | {
      readonly type: "viewer-open";
      readonly session: number;
      readonly stream: number;
      readonly peer: PeerSetup;
      readonly media: readonly MediaSection[];
      /** As the SDP announced it for our SSRCs (RFC 5576 6.1): 1..64 ASCII characters. */
      readonly cname: string;
      readonly source: StreamSource | null;
      /** Sent to viewers that negotiated playout-delay, in 10 ms units; null sends none. */
      readonly playoutDelay: { readonly min: number; readonly max: number } | null;
      /** What its stream, its token and its own choice leave of the layers. */
      readonly limits: LayerLimits;
    }
  | {
      readonly type: "limit-layers";
      readonly session: number;
      readonly limits: LayerLimits;
    };

/** To every worker that reads rings, whether it reads this stream or not. */
type ReaderCommand =
  /**
   * A stream has a new epoch (or null: its publisher is gone), or the worker has begun and this is
   * the present one. Answered by `source-changed`.
   */
  { readonly type: "source"; readonly stream: number; readonly source: StreamSource | null };

/** To all kinds. */
type MediaCommand =
  /** New credentials (RFC 9725 4.3.3): DTLS, SRTP and everything else stay. */
  | {
      readonly type: "ice-restart";
      readonly session: number;
      readonly localUfrag: string;
      readonly localPwd: string;
      readonly remoteUfrag: string;
      readonly remotePwd: string;
    }
  /** Authenticated close (DTLS close_notify), then the session is freed; answered by `closed`. */
  | { readonly type: "close"; readonly session: number; readonly reason: CloseReason }
  | { readonly type: "stats"; readonly request: number; readonly session: number | null }
  /**
   * A client's TCP connection, by its descriptor, with what was read of it: the check that told whose it
   * is. Control closes it after `connection-over`.
   */
  | {
      readonly type: "connection";
      readonly fd: number;
      /** The client's struct sockaddr. */
      readonly sockaddr: Uint8Array;
      readonly bytes: Uint8Array;
    }
  /** Test hooks: the crash drills of the test suite use them through the admin API in test mode. */
  | { readonly type: "drill"; readonly drill: Exclude<Drill, { readonly kind: "segfault" }> };

/** What a drill makes a whole worker do, or where it makes one session throw. */
export type Drill =
  | { readonly kind: "throw" | "hang" | "block" }
  | { readonly kind: "segfault" }
  | { readonly kind: SessionDrill; readonly session: number };

export type SessionDrill = "datagram" | "timer" | "transmit" | "rtp" | "rtcp" | "media" | "close";

export type WorkerEvent = EgressEvent | ClusterEvent | TailEvent | ReaderEvent | MediaEvent;

/** From egress workers. */
type EgressEvent =
  /** A viewer is sent another layer: its id (src/feed/layer-table.ts). */
  | { readonly type: "layer"; readonly session: number; readonly layer: number }
  /** First keyframe-complete packet that left for this viewer, us after `viewer-open`. */
  | { readonly type: "first-media"; readonly session: number; readonly afterUs: number };

/** From every worker that reads rings. */
type ReaderEvent =
  /**
   * The answer to each `source`, in the order of the commands: this worker no longer reads any ring of
   * the stream's earlier epochs. Until the last has come those rings go to no other publisher.
   */
  { readonly type: "source-changed"; readonly stream: number };

/** From all kinds. */
type MediaEvent =
  | { readonly type: "ready" }
  /** DTLS complete, media may flow. `path` is the remote address, formatted. */
  | {
      readonly type: "connected";
      readonly session: number;
      readonly path: string;
      readonly transport: TransportKind;
      readonly srtpProfile: string;
    }
  /** Media goes to another address of the client from now on. */
  | {
      readonly type: "moved";
      readonly session: number;
      readonly path: string;
      readonly transport: TransportKind;
    }
  /** The worker lets go of a connection: nothing is read of it or written to it any more. */
  | { readonly type: "connection-over"; readonly fd: number }
  | { readonly type: "closed"; readonly session: number; readonly reason: CloseReason }
  | {
      readonly type: "stats";
      readonly request: number;
      readonly sessions: readonly SessionStats[];
    }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | boolean | null>>;
    };
