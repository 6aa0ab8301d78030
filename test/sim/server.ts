/** A real Egress with fake peers: its datagrams go where the simulation says, unencrypted. */
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import { Egress } from "../../src/egress/egress.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { Region, SrtpCipher } from "../../src/srtp/cipher.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { Extension } from "../../src/wire/extensions.ts";
import type { Path, Transport } from "../../src/wire/path.ts";
import {
  audioSection,
  extensionIds,
  format,
  SEND_TIME_ID,
  VIDEO_SSRC,
  VP8,
  videoSection,
  WALL_OFFSET_US,
} from "../egress/harness.ts";
import type { Publisher } from "./publisher.ts";

const ARENA_BYTES = 4096;
const TAG_BYTES = 16;
const RTCP_OVERHEAD_BYTES = 20;
const STREAM = 1;
/** A receiver without transport-cc measures by abs-send-time. */
const REMB_IDS = extensionIds([[Extension.absSendTime, SEND_TIME_ID]]);
const VP9 = format({ codec: "vp9", payloadType: 98, rtxPayloadType: 99 });

/** One datagram as it leaves: plaintext of so many bytes, which `tag` bytes more follow. */
export type Send = (bytes: Uint8Array, tag: number, index: number) => void;

export class Server {
  readonly egress: Egress;
  now = 0;
  /** What ends no frame waits for so long, us. */
  patience = 0;
  private readonly sends = new Map<Path, Send>();
  private readonly via: Transport = {
    region: { bytes: new Uint8Array(ARENA_BYTES), address: 0 },
    stalled: false,
    backlog: null,
    reserve: () => 8,
    commit: (path, length) => this.commit(path, length),
    send: () => {},
  };
  private readonly cipher = new PlainCipher();
  private sessions = 0;

  constructor(
    random: () => number,
    private readonly publisher: () => Publisher,
  ) {
    this.egress = new Egress(
      {
        wish: () => {},
        allocate: (bytes) => ({ bytes: new Uint8Array(bytes), address: 0 }),
        wallOffsetUs: WALL_OFFSET_US,
        random,
        counters: new Float64Array(COUNTER_NAMES.length),
      },
      0,
      {
        firstMedia: () => {},
        faulted: (_session, _place, error) => {
          throw error;
        },
        layer: () => {},
        ended: (_peer, reason) => {
          throw new Error(`a session ended: ${reason}`);
        },
      },
    );
  }

  /** Opens a viewer's session whose datagrams go to `send`. Returns its number. */
  open(now: number, send: Send, transportCc = true): number {
    this.sessions += 1;
    const session = this.sessions;
    const path = { via: this.via, sockaddr: new Uint8Array(16) };
    this.sends.set(path, send);
    const peer = {
      session,
      state: "connected",
      mediaAllowed: true,
      path,
      sender: new SrtpSender(this.cipher),
      srtpProfile: null,
    };
    const formats = this.publisher().mode.spatialLayers > 1 ? [VP9] : [VP8];
    this.egress.open(
      {
        type: "viewer-open",
        session,
        stream: STREAM,
        peer: NO_PEER,
        media: [audioSection(), videoSection({ formats })].map((section) =>
          transportCc ? section : { ...section, extensionIds: REMB_IDS },
        ),
        source: this.publisher().source,
        cname: "spillway-cname",
        playoutDelay: null,
        limits: NO_LIMITS,
      },
      peer as unknown as Peer,
      now,
    );
    this.egress.connected(session, now);
    return session;
  }

  /** One turn of the worker's loop. */
  turn(now: number): void {
    this.now = now;
    const { egress } = this;
    if (egress.hasWork) egress.forward(now, now + 1e6, () => now, this.patience);
    if (now >= egress.nextTimeout()) egress.handleTimeout(now);
  }

  /** The step that flows to a viewer; -1 before the first packet. */
  levelOf(session: number): number {
    const viewer = this.egress.viewers.get(session)!;
    const track = viewer.tracks.find((each) => each.output.ssrc === VIDEO_SSRC)!;
    const segment = track.segments.current;
    if (segment === null || segment.feed === null) return -1;
    const publisher = this.publisher();
    const ring = publisher.source.video.findIndex(({ index }) => index === segment.feed!.index);
    const spatialId = segment.layers?.spatialId ?? 0;
    if (spatialId < 0) return -1;
    return publisher.levelOf(ring, spatialId, segment.layers?.temporalId ?? 0);
  }

  private commit(path: Path, length: number): void {
    const { index } = this.cipher;
    const tag = index < 0 ? RTCP_OVERHEAD_BYTES : TAG_BYTES;
    this.sends.get(path)!(this.via.region.bytes.subarray(8, 8 + length - tag), tag, index);
  }
}

const NO_PEER = {
  localUfrag: "",
  localPwd: "",
  remoteUfrag: "",
  remotePwd: "",
  dtlsRole: "server",
  fingerprints: [],
} as const;

/** Plaintext instead of ciphertext; test/egress watches the nonce rule. */
class PlainCipher implements SrtpCipher {
  readonly rtpOverhead = TAG_BYTES;
  readonly rtcpOverhead = RTCP_OVERHEAD_BYTES;
  /** Packet index of the RTP packet last sealed; -1 when it was RTCP. */
  index = -1;

  sealRtp(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    _ssrc: number,
    index: number,
  ): number {
    this.index = index;
    const payload = input.bytes.subarray(inputOffset, inputOffset + inputLength);
    output.bytes.set(payload, outputOffset + headerLength);
    return headerLength + inputLength + TAG_BYTES;
  }

  sealRtcp(_region: Region, _offset: number, length: number): number {
    this.index = -1;
    return length + RTCP_OVERHEAD_BYTES;
  }

  openRtp = () => -1;
  openRtcp = () => -1;
  free(): void {}
}
