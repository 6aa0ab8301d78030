/** A viewer's far end: hears what it is sent, loses some of it, and answers as players do, or worse. */
import type { MediaFormat, MediaSection } from "../../src/contract/session.ts";
import { TransportFeedbackRecorder } from "../../src/media/transport-feedback.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";
import type { Path, Transport } from "../../src/wire/path.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { RECEIVER_REPORT_BYTES, writeReceiverReport } from "../../src/wire/rtcp/receiver-report.ts";
import { rembLength, writeRemb } from "../../src/wire/rtcp/remb.ts";
import { REPORT_BLOCK_BYTES, ReportBlock } from "../../src/wire/rtcp/report-block.ts";
import type { Dice } from "./dice.ts";
import { demand, judgeReport, type Seen, TrackJudge } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import { PlainCipher, RTCP_OVERHEAD_BYTES, TAG_BYTES } from "./plain-cipher.ts";

const OWN_SSRC = 1;
const FEEDBACK_ROOM = 1200;
const STORED = [
  Extension.absCaptureTime,
  Extension.audioLevel,
  Extension.videoOrientation,
  Extension.colorSpace,
  Extension.dependencyDescriptor,
  Extension.videoContentType,
  Extension.playoutDelay,
];

export class FarEnd {
  readonly cipher = new PlainCipher();
  readonly sender = new SrtpSender(this.cipher);
  readonly path: Path;
  readonly media: readonly MediaSection[];
  readonly cname: string;
  readonly playoutDelay: { readonly min: number; readonly max: number } | null;
  readonly tracks: readonly TrackJudge[];
  private readonly feedback = new TransportFeedbackRecorder();
  private readonly missing: number[] = [];
  private readonly loss: number;
  private readonly delayUs: number;

  constructor(
    private readonly dice: Dice,
    via: Transport,
    readonly session: number,
    readonly stream: number,
    ledger: Ledger,
    private readonly seen: Seen,
  ) {
    const sockaddr = Uint8Array.of(2, 0, 16, session & 255, 10, 0, session >> 8, 1);
    this.path = { via, sockaddr };
    this.loss = dice.pick([0, 0.02, 0.2]);
    this.delayUs = dice.pick([1000, 20_000, 150_000]);
    this.cname = `viewer-${session}`;
    this.playoutDelay = dice.chance(0.5) ? { min: 0, max: dice.between(0, 100) } : null;
    this.media = [audioSection(dice), videoSection(dice)];
    const hints = this.playoutDelay !== null;
    this.tracks = this.media.map((section) => new TrackJudge(section, ledger, seen, hints));
  }

  /** One datagram, tag and all. Throws when a byte of it is nobody's. */
  take(now: number, sealed: Uint8Array): void {
    const { cipher } = this;
    if (cipher.index < 0) {
      const ssrcs = this.tracks.map(({ ssrc }) => ssrc);
      judgeReport(sealed.subarray(0, -RTCP_OVERHEAD_BYTES), ssrcs, this.cname, now);
      this.seen.note("report");
      return;
    }
    const bytes = sealed.slice(0, -TAG_BYTES);
    const ssrc = new DataView(bytes.buffer).getUint32(8);
    const track = this.tracks.find((each) => each.ssrc === ssrc || each.rtxSsrc === ssrc);
    demand(track !== undefined, `SSRC ${ssrc} is nobody's`);
    const transport = track.judge(bytes, cipher.index, cipher.again, now);
    if (this.dice.chance(this.loss)) this.missing.push(track.newest);
    else if (transport >= 0) this.feedback.note(transport, now + this.delayUs);
  }

  /** What it sends back now. */
  answers(now: number): Uint8Array[] {
    const { dice } = this;
    const out: Uint8Array[] = [];
    const room = new Uint8Array(FEEDBACK_ROOM);
    const video = this.tracks[1]!.ssrc;
    for (;;) {
      const length = this.feedback.write(now, room, 0, FEEDBACK_ROOM, OWN_SSRC, video);
      if (length === 0) break;
      out.push(room.slice(0, length));
    }
    if (this.missing.length > 0 && dice.chance(0.5))
      out.push(...this.nacks(this.missing.splice(0)));
    if (dice.chance(0.05)) out.push(...this.nacks(this.strangeNumbers()));
    if (dice.chance(0.03)) out.push(room.slice(0, writePli(room, 0, OWN_SSRC, video) && PLI_BYTES));
    if (dice.chance(0.1)) out.push(this.report());
    if (dice.chance(0.02)) out.push(remb(dice.pick([0, 50_000, 500_000, 5e6]), video));
    if (dice.chance(0.02)) out.push(dice.bytes(4 * dice.below(20)));
    return out;
  }

  /** The same packet again and again, so that the sender forgets what left before it. */
  insist(track: TrackJudge): Uint8Array[] {
    return track.newest < 0 ? [] : this.nacks([track.newest], track);
  }

  private nacks(sequences: readonly number[], track = this.dice.pick(this.tracks)): Uint8Array[] {
    const sorted = [...new Set(sequences.filter((sequence) => sequence >= 0))].sort(
      (a, b) => a - b,
    );
    if (sorted.length === 0) return [];
    const out = new Uint8Array(nackLengthMax(sorted.length));
    const numbers = Uint16Array.from(sorted);
    return [out.slice(0, writeNack(out, 0, OWN_SSRC, track.ssrc, numbers, sorted.length))];
  }

  /** Old ones, ones that were never sent, and those before and behind what was. */
  private strangeNumbers(): number[] {
    const { dice } = this;
    const { newest } = this.tracks[1]!;
    return Array.from({ length: dice.between(1, 40) }, () =>
      dice.chance(0.2)
        ? dice.below(65_536)
        : (newest - dice.between(-5, dice.pick([20, 400]))) & 0xffff,
    );
  }

  private report(): Uint8Array {
    const block = new ReportBlock();
    block.ssrc = this.dice.pick(this.tracks).ssrc;
    block.fractionLost = this.dice.below(256);
    block.packetsLost = this.dice.below(1000);
    const out = new Uint8Array(RECEIVER_REPORT_BYTES + REPORT_BLOCK_BYTES);
    writeReceiverReport(out, 0, OWN_SSRC, [block], 1);
    return out;
  }
}

function remb(bitsPerSecond: number, ssrc: number): Uint8Array {
  const out = new Uint8Array(rembLength(1));
  writeRemb(out, 0, OWN_SSRC, bitsPerSecond, [ssrc], 1);
  return out;
}

const FORMAT: MediaFormat = {
  codec: "vp8",
  payloadType: 0,
  rtxPayloadType: null,
  redPayloadType: null,
  clockRate: 90_000,
  channels: 1,
  fmtp: "",
  nack: true,
  pli: true,
  fir: true,
  remb: true,
  transportCc: true,
};

function audioSection(dice: Dice): MediaSection {
  const opus = { ...FORMAT, codec: "opus", clockRate: 48_000, channels: 2 } as const;
  const redPayloadType = dice.chance(0.5) ? 61 : null;
  const rtxPayloadType = dice.chance(0.2) ? 62 : null;
  const formats = [{ ...opus, payloadType: 60, redPayloadType, rtxPayloadType }];
  return { ...section(dice, "0", formats, rtxPayloadType !== null), kind: "audio" };
}

function videoSection(dice: Dice): MediaSection {
  const rtx = dice.chance(0.7);
  const all = (["vp8", "vp9", "h264", "av1"] as const).map((codec, i) => {
    const fmtp = codec === "h264" ? "packetization-mode=1" : "";
    return {
      ...FORMAT,
      ...{ codec, payloadType: 70 + 2 * i, rtxPayloadType: rtx ? 71 + 2 * i : null, fmtp },
    };
  });
  return section(dice, "1", all, rtx);
}

function section(
  dice: Dice,
  mid: string,
  formats: readonly MediaFormat[],
  rtx: boolean,
): MediaSection {
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  const mixedExtensions = dice.chance(0.5);
  // Ids above 14 need the two-byte form.
  let id = mixedExtensions && dice.chance(0.3) ? 20 : 1;
  for (const internal of STORED) {
    if (!dice.chance(0.7)) continue;
    extensionIds[internal] = id;
    id += 1;
  }
  if (dice.chance(0.9)) extensionIds[Extension.transportCc] = id;
  const ssrcs = [dice.below(2 ** 32)];
  const rtxSsrcs = rtx ? [dice.below(2 ** 32)] : [];
  return { mid, kind: "video", formats, extensionIds, mixedExtensions, ssrcs, rtxSsrcs, rids: [] };
}
