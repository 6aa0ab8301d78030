/** What leaves an Egress: a fake cipher and output that keep every packet and watch the nonce rule. */
import { assertInside, type Region, type SrtpCipher } from "../../src/srtp/cipher.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import type { Path, Transport } from "../../src/wire/path.ts";
import { parseRtp, RtpHeader } from "../../src/wire/rtp.ts";
import { ExtensionCursor } from "../../src/wire/rtp-extensions.ts";

export interface Sent {
  readonly at: number;
  readonly ssrc: number;
  readonly index: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly timestamp: number;
  readonly padding: number;
  readonly payload: Uint8Array;
  /** Elements by the viewer's id. */
  readonly extensions: ReadonlyMap<number, Uint8Array>;
  readonly bytes: Uint8Array;
  /** The same index left before. */
  readonly again: boolean;
}

export interface SentRtcp {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class NonceRuleBroken extends Error {}

/** Plaintext instead of ciphertext; throws when one index is sealed with two contents. */
class RecordingCipher implements SrtpCipher {
  readonly rtpOverhead = 16;
  readonly rtcpOverhead = 20;
  readonly sealed = new Map<string, string>();
  last: { ssrc: number; index: number; again: boolean } | null = null;

  sealRtp(
    output: Region,
    outputOffset: number,
    headerLength: number,
    input: Region,
    inputOffset: number,
    inputLength: number,
    ssrc: number,
    index: number,
  ): number {
    const start = outputOffset + headerLength;
    assertInside(output, outputOffset, headerLength + inputLength + this.rtpOverhead);
    assertInside(input, inputOffset, inputLength);
    output.bytes.set(input.bytes.subarray(inputOffset, inputOffset + inputLength), start);
    const packet = output.bytes.subarray(outputOffset, start + inputLength);
    const text = Buffer.from(packet).toString("latin1");
    const key = `${ssrc}/${index}`;
    const before = this.sealed.get(key);
    if (before !== undefined && before !== text) throw new NonceRuleBroken(key);
    this.sealed.set(key, text);
    this.last = { ssrc, index, again: before !== undefined };
    output.bytes.fill(0xee, start + inputLength, start + inputLength + 16);
    return headerLength + inputLength + 16;
  }

  sealRtcp(region: Region, offset: number, length: number): number {
    assertInside(region, offset, length + this.rtcpOverhead);
    this.last = null;
    return length + 20;
  }

  openRtp = () => -1;
  openRtcp = () => -1;
  free(): void {}
}

/** The far end of one viewer: its sender, its path, and what reached it. */
export class Recorder {
  readonly cipher = new RecordingCipher();
  readonly sender = new SrtpSender(this.cipher);
  readonly path: Path;
  readonly rtp: Sent[] = [];
  readonly rtcp: SentRtcp[] = [];

  constructor(number: number, via: Transport) {
    const sockaddr = Uint8Array.of(
      2,
      0,
      16,
      number & 255,
      10,
      0,
      number >> 8,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    );
    this.path = { via, sockaddr };
  }

  of(ssrc: number): Sent[] {
    return this.rtp.filter((sent) => sent.ssrc === ssrc);
  }

  take(at: number, bytes: Uint8Array): void {
    const last = this.cipher.last;
    if (last === null) this.rtcp.push({ at, bytes: bytes.slice(0, bytes.length - 20) });
    else this.rtp.push(parse(at, bytes.slice(0, bytes.length - 16), last));
  }
}

function parse(at: number, bytes: Uint8Array, sealed: { index: number; again: boolean }): Sent {
  const header = new RtpHeader();
  if (!parseRtp(bytes, 0, bytes.length, header)) throw new Error("not an RTP packet");
  const extensions = new Map<number, Uint8Array>();
  if (header.extensionProfile !== 0) {
    const cursor = new ExtensionCursor();
    cursor.reset(bytes, header);
    while (cursor.next()) {
      if (extensions.has(cursor.id)) throw new Error(`extension ${cursor.id} twice`);
      extensions.set(cursor.id, bytes.slice(cursor.offset, cursor.offset + cursor.length));
    }
  }
  if ((sealed.index & 0xffff) !== header.sequence) throw new Error("index and sequence differ");
  return {
    at,
    ssrc: header.ssrc,
    index: sealed.index,
    payloadType: header.payloadType,
    marker: header.marker,
    timestamp: header.timestamp,
    padding: header.paddingLength,
    payload: bytes.slice(header.payloadOffset, header.payloadOffset + header.payloadLength),
    extensions,
    bytes,
    again: sealed.again,
  };
}

const ARENA_BYTES = 4096;

/** Takes packets until `room` is used up. */
export class FakeTransport implements Transport {
  /** Datagrams that it still takes. */
  room = Number.POSITIVE_INFINITY;
  stalled = false;
  readonly backlog = null;
  now = 0;
  readonly counters = { datagrams: 0, bytes: 0, errors: 0, dropped: 0 };
  readonly recorders = new Map<Path, Recorder>();
  readonly region: Region = { bytes: new Uint8Array(ARENA_BYTES), address: 0 };

  reserve(bytes: number): number {
    if (bytes > ARENA_BYTES - 8) throw new Error(`${bytes} bytes asked for`);
    return this.room > 0 && !this.stalled ? 8 : -1;
  }

  commit(path: Path, length: number): void {
    this.room -= 1;
    this.counters.datagrams += 1;
    this.recorders.get(path)!.take(this.now, this.region.bytes.subarray(8, 8 + length));
  }

  send(): void {
    throw new Error("the egress writes in place");
  }

  /** What it took has left; false when it takes no more. */
  flush(): boolean {
    return this.room > 0;
  }
}
