/** Takes what a viewer is sent apart to the last byte: each is a publisher's, or a constant of ours. */
import type { MediaSection } from "../../src/contract/session.ts";
import { Guarded } from "../../src/ring/layout.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { NTP_EPOCH_US } from "../../src/wire/ntp.ts";
import { parseRtp, RtpHeader } from "../../src/wire/rtp.ts";
import { ExtensionCursor } from "../../src/wire/rtp-extensions.ts";
import { WALL_OFFSET_US } from "../egress/harness.ts";
import { isDescriptorOf } from "./descriptor.ts";
import type { Ledger, SentPayload } from "./ledger.ts";

/** What a case has seen happen: a fuzzer that never comes to something proves nothing of it. */
export class Seen {
  readonly counts = new Map<string, number>();

  note(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

const STAP_A = 0x78;
/** A capture time of ours lies near the present, as far as the publisher's timestamps may err. */
const NEAR_S = 2 ** 31 / 48_000;
const SR_BYTES = 28;

interface LeftPacket {
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/** All packets of one track toward one viewer. */
export class TrackJudge {
  /** What left last under each sequence number. */
  readonly left = new Map<number, LeftPacket>();
  /** Sequence number of the newest. */
  newest = -1;
  #newestIndex = -1;

  constructor(
    readonly section: MediaSection,
    readonly ledger: Ledger,
    private readonly seen: Seen,
    private readonly playout: boolean,
  ) {}

  get ssrc(): number {
    return this.section.ssrcs[0]!;
  }

  get rtxSsrc(): number {
    return this.section.rtxSsrcs[0] ?? -1;
  }

  /** A packet without its tag. Returns its transport-cc number; -1 without. */
  judge(bytes: Uint8Array, index: number, again: boolean, now: number): number {
    const header = new RtpHeader();
    demand(parseRtp(bytes, 0, bytes.length, header), "not RTP, or padding that its count denies");
    demand((bytes[0]! & 0x0f) === 0, "CSRCs");
    demand(header.sequence === (index & 0xffff), "another number than its index");
    const { payloadOffset, payloadLength, paddingLength } = header;
    const payload = bytes.slice(payloadOffset, payloadOffset + payloadLength);
    judgePadding(bytes.subarray(payloadOffset + payloadLength), paddingLength);
    if (again) this.seen.note("again");
    const candidates =
      header.ssrc === this.ssrc
        ? this.#media(header, payload, paddingLength, index)
        : this.#rtx(header, payload, paddingLength);
    return this.#elements(bytes, header, candidates, now);
  }

  /** Packets that the payload can be; null for one without a publisher's payload. */
  #media(
    header: RtpHeader,
    payload: Uint8Array,
    padding: number,
    index: number,
  ): SentPayload[] | null {
    const { payloadType, sequence } = header;
    const { formats, kind } = this.section;
    const red = formats.some((each) => each.redPayloadType === payloadType);
    demand(
      red || formats.some((each) => each.payloadType === payloadType),
      "another's payload type",
    );
    this.left.set(sequence, { payloadType, payload });
    if (index > this.#newestIndex) {
      this.#newestIndex = index;
      this.newest = sequence;
    } else this.seen.note("late");
    if (payload.length === 0) {
      demand(padding === 1 && !header.marker, "an empty packet is one octet of padding");
      this.seen.note("filler");
      return null;
    }
    demand(padding <= 3, "media is padded by three octets at most");
    this.seen.note(red ? "red" : kind);
    if (padding > 0) this.seen.note("padded");
    return this.#find(payload);
  }

  #rtx(header: RtpHeader, payload: Uint8Array, padding: number): SentPayload[] | null {
    demand(header.ssrc === this.rtxSsrc, "another's SSRC");
    demand(payload.length >= 2, "RTX without a number");
    const sequence = (payload[0]! << 8) | payload[1]!;
    const original = this.left.get(sequence);
    demand(original !== undefined, "RTX of what never left");
    const format = this.section.formats.find((each) => each.payloadType === original.payloadType);
    demand(format?.rtxPayloadType === header.payloadType, "another's RTX payload type");
    const media = payload.subarray(2);
    demand(
      Buffer.compare(media, original.payload) === 0,
      "RTX of other bytes than those that left",
    );
    this.seen.note(padding > 0 ? "probe" : "rtx");
    if (media.length > 0) return this.#find(media);
    this.seen.note(padding > 0 ? "padded filler" : "filler again");
    return null;
  }

  #find(payload: Uint8Array): SentPayload[] | null {
    const candidates = this.ledger.find(this.section.kind, payload);
    if (candidates.length > 0) return candidates;
    demand(this.#isParameterSets(payload), `nobody sent these ${payload.length} bytes`);
    this.seen.note("parameter sets");
    return null;
  }

  /** The cached sets: a STAP-A of units each of which the publisher sent, or wrote into its offer. */
  #isParameterSets(payload: Uint8Array): boolean {
    if (payload[0] !== STAP_A || payload.length > Guarded.parameterSets.bytes) return false;
    let at = 1;
    while (at + 2 <= payload.length) {
      const length = (payload[at]! << 8) | payload[at + 1]!;
      at += 2;
      if (!this.ledger.hasUnit(payload.subarray(at, at + length))) return false;
      at += length;
    }
    return at === payload.length;
  }

  /** Each element, and each byte of the block that is in none. */
  #elements(
    bytes: Uint8Array,
    header: RtpHeader,
    candidates: SentPayload[] | null,
    now: number,
  ): number {
    if (header.extensionProfile === 0) return -1;
    demand(header.extensionProfile === 0xbede || this.section.mixedExtensions, "the two-byte form");
    const cursor = new ExtensionCursor();
    const rest = bytes.slice(
      header.extensionOffset,
      header.extensionOffset + header.extensionLength,
    );
    let transport = -1;
    let fits = candidates ?? [];
    cursor.reset(bytes, header);
    while (cursor.next()) {
      const data = bytes.slice(cursor.offset, cursor.offset + cursor.length);
      const end = cursor.offset + cursor.length - header.extensionOffset;
      const form = header.extensionProfile === 0xbede ? 1 : 2;
      rest.fill(0, end - cursor.length - form, end);
      const internal = this.section.extensionIds.indexOf(cursor.id);
      demand(internal > 0, `extension ${cursor.id} was not negotiated`);
      if (internal === Extension.transportCc) {
        demand(data.length === 2, "a transport-cc number has two bytes");
        transport = (data[0]! << 8) | data[1]!;
        continue;
      }
      const brought = fits.filter((sent) => brings(sent, internal, data));
      if (brought.length > 0) fits = brought;
      else demand(this.#isOurs(internal, data, now), `element ${internal} is nobody's`);
    }
    demand(
      rest.every((byte) => byte === 0),
      "bytes between the elements",
    );
    return transport;
  }

  #isOurs(internal: number, data: Uint8Array, now: number): boolean {
    const view = new DataView(data.buffer);
    if (internal === Extension.playoutDelay) return this.playout && data.length === 3;
    if (internal !== Extension.absCaptureTime || data.length !== 8) return false;
    const wallS = (now + WALL_OFFSET_US + NTP_EPOCH_US) / 1e6;
    return Math.abs(view.getUint32(0) - (wallS % 2 ** 32)) < NEAR_S;
  }
}

function brings({ elements }: SentPayload, internal: number, data: Uint8Array): boolean {
  return elements.some(([id, own]) => {
    if (id !== internal) return false;
    if (internal === Extension.dependencyDescriptor) return isDescriptorOf(own, data);
    return Buffer.compare(own, data) === 0;
  });
}

/** RFC 3550 5.1: zeros, and how many bytes there are. */
function judgePadding(bytes: Uint8Array, padding: number): void {
  demand(bytes.length === padding, "bytes behind the padding");
  for (let i = 0; i < padding; i += 1) {
    demand(bytes[i] === (i === padding - 1 ? padding : 0), "padding of other bytes than zeros");
  }
}

/** A compound of a sender report and a CNAME, each byte of it. */
export function judgeReport(
  bytes: Uint8Array,
  ssrcs: readonly number[],
  cname: string,
  now: number,
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  demand(bytes[0] === 0x80 && bytes[1] === 200 && view.getUint16(2) === 6, "not a sender report");
  demand(ssrcs.includes(view.getUint32(4)), "a report about another's SSRC");
  const wallS = (now + WALL_OFFSET_US + NTP_EPOCH_US) / 1e6;
  demand(Math.abs(view.getUint32(8) - (wallS % 2 ** 32)) < 2, "a report of another time");
  demand(view.getUint32(20) < 1e6 && view.getUint32(24) < 1e9, "a report of more than was sent");
  const chunk = bytes.subarray(SR_BYTES);
  const name = new TextEncoder().encode(cname);
  const words = Math.floor((2 + name.length + 4) / 4);
  const expected = new Uint8Array(8 + 4 * words);
  expected.set([0x81, 202, 0, 1 + words]);
  new DataView(expected.buffer).setUint32(4, view.getUint32(4));
  expected.set([1, name.length, ...name], 8);
  demand(Buffer.compare(chunk, expected) === 0, "another source description");
}

export function demand(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new Error(broken);
}
