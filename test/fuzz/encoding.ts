/** One encoding of a fuzzed publisher: frames of a codec with layers, or none, of any size. */
import { Extension } from "../../src/wire/extensions.ts";
import { LayerPackets, type Style } from "../sim/layer-packets.ts";
import { LayeredStream, MODES } from "../sim/layered-stream.ts";
import type { Rtp } from "./datagram.ts";
import { type Dice, join } from "./dice.ts";
import type { Ledger } from "./ledger.ts";

const TICKS = 3000;
const STYLES: readonly Style[] = [
  "vp8",
  "vp8-descriptor",
  "vp9-flexible",
  "vp9-group",
  "av1-descriptor",
  "h264",
];
export const PAYLOAD_TYPES: Readonly<Record<Style, number>> = {
  vp8: 96,
  "vp8-descriptor": 96,
  "vp9-flexible": 98,
  "vp9-group": 98,
  "av1-descriptor": 45,
  h264: 102,
};
/** Picture id, TL0PICIDX and KEYIDX where the writer puts them: a viewer's own, each. */
const LOOSE: Readonly<Record<Style, ReadonlyMap<number, number>>> = {
  vp8: new Map([
    [2, 0x7f],
    [3, 0xff],
    [4, 0xff],
    [5, 0x1f],
  ]),
  "vp8-descriptor": new Map(),
  "vp9-flexible": new Map([
    [1, 0x7f],
    [2, 0xff],
  ]),
  "vp9-group": new Map([
    [1, 0x7f],
    [2, 0xff],
    [4, 0xff],
  ]),
  "av1-descriptor": new Map(),
  h264: new Map(),
};
/** RFC 6184 5.7.1. */
const STAP_A = 0x78;
const SPS = 0x67;
const PPS = 0x68;

export class FuzzEncoding {
  ssrc: number;
  rtxSsrc: number;
  sequence: number;
  readonly sent = new Map<number, Rtp>();
  private style!: Style;
  private packets!: LayerPackets;
  private stream!: LayeredStream;
  private timestamp: number;
  private picture = 0;

  constructor(
    private readonly dice: Dice,
    private readonly ledger: Ledger,
    /** A stream of its own per rid, so without spatial layers. */
    private readonly simulcast: boolean,
  ) {
    this.ssrc = dice.below(2 ** 32);
    this.rtxSsrc = dice.below(2 ** 32);
    this.sequence = dice.below(65_536);
    this.timestamp = dice.below(2 ** 32);
    this.restart();
  }

  /** Another codec, mode and line of numbers inside of the descriptors. */
  restart(style = this.dice.pick(STYLES)): void {
    const { dice } = this;
    this.style = style;
    const plain = this.style === "h264" || this.style === "vp8-descriptor" || this.simulcast;
    const layered = this.style.startsWith("vp8") ? ["L1T1", "L1T2", "L1T3"] : null;
    const names = plain ? ["L1T1", "L1T3"] : (layered ?? MODES.map(({ name }) => name));
    const name = this.style === "h264" ? "L1T1" : dice.pick(names);
    const mode = MODES.find((each) => each.name === name)!;
    this.timestamp = (this.timestamp + this.picture * TICKS) >>> 0;
    this.picture = 0;
    const start = dice.below(0x8000);
    this.packets = new LayerPackets(mode, this.style, 0, start, this.timestamp, TICKS);
    this.stream = new LayeredStream(mode, "vp9");
  }

  /** Another SSRC and numbering, as after a reload of the page. */
  replaceSource(): void {
    this.ssrc = this.dice.below(2 ** 32);
    this.rtxSsrc = this.dice.below(2 ** 32);
    this.sequence = this.dice.below(65_536);
    this.sent.clear();
  }

  /** The packets of the next picture. */
  capture(keyframe: boolean): Rtp[] {
    const { dice } = this;
    const frames = this.stream.next(keyframe);
    const size = this.sizes();
    const written = this.packets.write(frames, () => dice.between(1, 4));
    const key = frames[0]!.keyframe;
    this.picture += 1;
    const sets = this.style === "h264" && key && dice.chance(0.4) ? this.parameterSets() : [];
    const timestamp = written[0]!.timestamp;
    const own = sets.map((payload) => this.packet(payload, timestamp, false, null));
    return own.concat(
      written.map(({ payload, timestamp, marker, descriptor }) =>
        this.packet(join(payload, dice.bytes(size())), timestamp, marker, descriptor),
      ),
    );
  }

  /** H.264: parameter sets, and later a small keyframe without. */
  captureNaked(): Rtp[] {
    this.restart("h264");
    const timestamp = (this.timestamp - TICKS) >>> 0;
    const sets = this.parameterSets([500, 400]);
    const frame = this.packets.write(this.stream.next(true), () => 1)[0]!;
    this.picture += 1;
    const payloads = [...sets, join(frame.payload, this.dice.bytes(20))];
    return payloads.map((payload, i) =>
      this.packet(payload, i < sets.length ? timestamp : frame.timestamp, frame.marker, null),
    );
  }

  /** A number of its own and nothing in it. */
  empty(timestamp: number): Rtp {
    return this.packet(new Uint8Array(0), timestamp, false, null);
  }

  /** Takes a number for a payload. */
  packet(
    payload: Uint8Array,
    timestamp: number,
    marker: boolean,
    descriptor: Uint8Array | null,
  ): Rtp {
    const { dice, ssrc } = this;
    this.sequence = (this.sequence + 1) & 0xffff;
    const elements = someElements(dice);
    if (descriptor !== null) elements.push([Extension.dependencyDescriptor, descriptor]);
    const payloadType = PAYLOAD_TYPES[this.style];
    const { sequence } = this;
    const rtp = { payloadType, marker, sequence, timestamp, ssrc, payload, elements };
    this.sent.set(sequence, rtp);
    this.ledger.note("video", { payload, loose: LOOSE[this.style], elements });
    return rtp;
  }

  /** Bytes behind a packet's descriptor: like an encoder's, or anything. */
  private sizes(): () => number {
    const { dice } = this;
    const even = dice.between(200, 1150);
    const kind = dice.below(5);
    if (kind === 0) return () => dice.below(4);
    if (kind === 1) return () => dice.below(60);
    if (kind === 2) return () => dice.between(1700, 1900);
    return () => even + dice.below(4);
  }

  /** SPS and PPS by themselves, or in one packet; as large as they may be, at times larger. */
  private parameterSets(sizes: readonly number[] = this.setSizes()): Uint8Array[] {
    const { dice, ledger } = this;
    const [sps, pps] = [join([SPS], dice.bytes(sizes[0]!)), join([PPS], dice.bytes(sizes[1]!))];
    ledger.noteUnit(sps);
    ledger.noteUnit(pps);
    if (dice.chance(0.5)) return [sps, pps];
    const sized = [sps, pps].flatMap((unit) => [[unit.length >> 8, unit.length & 255], unit]);
    return [join([STAP_A], ...sized)];
  }

  private setSizes(): number[] {
    const most = this.dice.pick([20, 200, 505, 700]);
    return [this.dice.between(4, most), this.dice.between(1, most)];
  }
}

/** Elements that a packet may carry, of sizes that they have, and of others. */
export function someElements(dice: Dice): [internal: number, data: Uint8Array][] {
  const elements: [number, Uint8Array][] = [];
  const add = (internal: number, chance: number, length: number) => {
    if (dice.chance(chance)) elements.push([internal, dice.bytes(length)]);
  };
  add(Extension.absCaptureTime, 0.1, dice.pick([8, 16, 3]));
  add(Extension.audioLevel, 0.1, 1);
  add(Extension.videoOrientation, 0.1, 1);
  add(Extension.colorSpace, 0.05, dice.pick([4, 28, 60]));
  add(Extension.videoContentType, 0.05, 1);
  add(Extension.playoutDelay, 0.05, 3);
  return elements;
}
