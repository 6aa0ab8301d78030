import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import type { Peer } from "../peer/peer.ts";
import type { SendStream } from "../srtp/sender.ts";
import { writeU16, writeU32 } from "../wire/bytes.ts";
import { Extension } from "../wire/extensions.ts";
import type { EgressContext } from "./context.ts";
import { ONE_BYTE_ID_MAX } from "./header-writer.ts";
import type { Bookkeeper, Ledger } from "./ledger.ts";
import type { Track } from "./track.ts";
import { Visit } from "./visit.ts";

const FIXED_BYTES = 12;
/** RFC 8285: the block's head, and one element of two bytes. */
const TRANSPORT_BYTES = 8;
const PADDING_BIT = 0x20;
const EXTENSION_BIT = 0x10;

/** One at a time in a thread. */
const visit = new Visit();

/**
 * The fast lane of one track, for what nearly always happens: it is live, of one layer, and has no
 * pace to keep; the batch goes on where the last one ended, and nothing of our own is due. What a
 * packet needs then stands here, side by side, and what is to be written down waits in the ledger.
 * Everything else goes by the track.
 */
export class Lane implements Bookkeeper {
  #open = false;
  /** The next origin sequence, and the index that it leaves with. */
  #next = 0;
  #index = 0;
  #timestampOffset = 0;
  #payloadType = 0;
  #codec = 0;
  /** The viewer's, of transport-cc; 0 for none. */
  #transportId = 0;
  /** Capture times are due from then on; Infinity for never. */
  #dueAt = 0;
  #feed: Feed | null = null;
  #stream: SendStream | null = null;
  /** Bytes that sealing adds: the books are closed when the ciphers may be gone. */
  #sealBytes = 0;
  readonly #peer: Peer;
  readonly #ledger: Ledger;
  /** Of this lane in the ledger. */
  readonly #number: number;

  constructor(
    private readonly context: EgressContext,
    private readonly track: Track,
  ) {
    this.#peer = track.link.peer;
    this.#ledger = track.link.ledger;
    this.#number = this.#ledger.add(this);
  }

  /** The track leaves what it does. It is looked at again behind the next batch. */
  close(): void {
    this.#open = false;
  }

  /** Closes, and what has left is in the books. */
  settle(): void {
    this.#open = false;
    this.#ledger.settle();
  }

  /** Opens if what the track does now is what the lane can do. */
  look(): void {
    const { track } = this;
    const { output, format, section, segments, feed, next } = track;
    const segment = segments.current;
    const stream = output.sendStream;
    this.#open = false;
    if (track.state !== "live" || stream === null || segment?.feed !== feed) return;
    if (segment.layers !== null || segment.rewound !== null || !output.bare) return;
    if (track.video && !track.link.adaptation.unpaced) return;
    const index = segment.outStart + ((next - segment.originStart) | 0);
    const transportId = section.extensionIds[Extension.transportCc]!;
    if (index !== segments.nextIndex || transportId > ONE_BYTE_ID_MAX) return;
    this.#open = true;
    this.#next = next;
    this.#index = index;
    this.#timestampOffset = segment.timestampOffset;
    this.#payloadType = format.payloadType;
    this.#codec = format.codecId;
    this.#transportId = transportId;
    this.#dueAt = output.own.dueAt;
    this.#feed = feed;
    this.#stream = stream;
    this.#sealBytes = this.#peer.sender!.rtpOverhead;
  }

  /**
   * Sends a batch, or what of it its transport has room for. Returns how many packets have left: 0
   * also when the batch is nothing for the lane.
   */
  forward(feed: Feed, batch: Staging, now: number): number {
    if (!this.#takes(feed, batch, now)) return 0;
    const ledger = this.#ledger;
    const { count } = batch;
    let transport = ledger.open(count);
    // Packets whose headers are of one length are written down together.
    let posted = 0;
    let length = 0;
    let i = 0;
    for (; i < count; i += 1) {
      const at = this.context.reserve(this.#peer, batch.payloadLengths[i]!);
      if (at < 0) break;
      const header = this.writeHeader(at, batch, i, transport);
      if (header !== length && i > posted) {
        ledger.post(this.#number, i - posted, length, now);
        posted = i;
      }
      length = header;
      this.#seal(at, header, batch, i);
      this.#index += 1;
      transport = (transport + 1) & 0xffff;
    }
    if (i > posted) ledger.post(this.#number, i - posted, length, now);
    this.#next = (this.#next + i) | 0;
    return i;
  }

  #takes(feed: Feed, batch: Staging, now: number): boolean {
    if (!this.#open || feed !== this.#feed || !batch.plain) return false;
    if (batch.sequences[0] !== this.#next || batch.codecs[0] !== this.#codec) return false;
    return now < this.#dueAt && this.#peer.mediaAllowed && this.#peer.path !== null;
  }

  #seal(at: number, headerLength: number, batch: Staging, i: number): void {
    const path = this.#peer.path!;
    const sealed = this.#stream!.sealNext(
      path.via.region,
      at,
      headerLength,
      batch.region,
      batch.payloadOffset(i),
      batch.payloadLengths[i]! + batch.paddings[i]!,
      this.#index,
    );
    path.via.commit(path, sealed);
  }

  /** Writes the header of packet `i`; returns its length. */
  writeHeader(at: number, batch: Staging, i: number, transport: number): number {
    const out = this.#peer.path!.via.region.bytes;
    const timestamp = (batch.timestamps[i]! + this.#timestampOffset) >>> 0;
    if (batch.extensionLengths[i] !== 0) {
      return this.#writeLong(out, at, batch, i, timestamp, transport);
    }
    const id = this.#transportId;
    out[at] = 0x80 | (batch.paddings[i]! > 0 ? PADDING_BIT : 0) | (id > 0 ? EXTENSION_BIT : 0);
    out[at + 1] = (batch.marker(i) ? 0x80 : 0) | this.#payloadType;
    writeU16(out, at + 2, this.#index & 0xffff);
    writeU32(out, at + 4, timestamp);
    writeU32(out, at + 8, this.#stream!.ssrc);
    if (id === 0) return FIXED_BYTES;
    writeU32(out, at + 12, 0xbede0001);
    writeU32(out, at + 16, (id << 28) | (1 << 24) | (transport << 8));
    return FIXED_BYTES + TRANSPORT_BYTES;
  }

  /** The same with what came with the packet through its ring. */
  #writeLong(
    out: Uint8Array,
    at: number,
    batch: Staging,
    i: number,
    timestamp: number,
    transport: number,
  ): number {
    const { packet } = this.context;
    packet.take(batch, i);
    packet.padding = batch.paddings[i]!;
    packet.payloadType = this.#payloadType;
    packet.index = this.#index;
    packet.timestamp = timestamp;
    packet.transportSequence = transport;
    return this.context.writeHeader(out, at, this.track.section, this.#stream!.ssrc);
  }

  enter(packets: number, transportSequence: number, headerLength: number, now: number): void {
    const { output, segments, next } = this.track;
    const after = (next + packets) | 0;
    visit.recent = this.#feed!.recent;
    visit.packets = packets;
    visit.sequence = next;
    visit.index = segments.indexOf((after - 1) | 0) - packets + 1;
    visit.transportSequence = transportSequence;
    visit.timestampOffset = this.#timestampOffset;
    visit.overhead = headerLength + this.#sealBytes;
    visit.now = now;
    output.enter(visit);
    output.freezes?.leave(segments.current!, now);
    this.track.next = after;
  }
}
