/** One track of a file that can be sent, and the checks that it can. */
import { EncodedPacketSink, type InputAudioTrack, type InputVideoTrack } from "mediabunny";
import type { CodecName, MediaKind } from "../wire/codecs.ts";
import { Av1Form } from "./av1-form.ts";
import type { ContainerTrack } from "./container/container-track.ts";
import type { Conversion } from "./conversion.ts";
import { readH264Record, readH265Record } from "./decoder-record.ts";
import type { FrameForm } from "./frame-form.ts";
import type { FileTrack } from "./media.ts";
import { NalForm } from "./nal-form.ts";
import { channelsFault, opusFault, opusParts } from "./opus-form.ts";
import { readPictureFormat } from "./picture-format.ts";
import { PAYLOAD_BYTES_MAX } from "./rtp-track.ts";
import { Vp8Form, Vp9Form } from "./vpx-form.ts";

export interface SendableTrack {
  readonly kind: MediaKind;
  readonly track: FileTrack;
  readonly sink: EncodedPacketSink;
  /** Null for sound, which goes out as it is. */
  readonly form: FrameForm | null;
  /** Time of the first packet, us. */
  readonly firstUs: number;
}

/** Codecs that go out, by mediabunny's names. */
export const VIDEO_CODECS: Readonly<Record<string, CodecName>> = {
  avc: "h264",
  hevc: "h265",
  vp8: "vp8",
  vp9: "vp9",
  av1: "av1",
};

/** Packets looked at when a file is opened: 20 s of video, 12 s of sound. */
const PROBE_PACKETS = 600;
/** Pixels are square up to what rounding makes of them. */
const ASPECT_TOLERANCE = 0.02;

/** Why a track cannot be sent: what follows "its video" or "its audio", and how to mend it. */
export class TrackFault extends Error {
  override readonly name = "TrackFault";
  constructor(
    message: string,
    readonly how: Partial<Conversion> = {},
  ) {
    super(message);
  }
}

/** Throws a TrackFault. */
export async function sendableVideo(
  track: InputVideoTrack,
  container: ContainerTrack | null,
): Promise<SendableTrack> {
  const native = await track.getCodec();
  const codec = VIDEO_CODECS[native ?? ""];
  if (codec === undefined) {
    const found = native ?? container?.format ?? "of an unknown codec";
    throw new TrackFault(`is ${found}, WebRTC needs H.264, H.265, VP8, VP9 or AV1`);
  }
  refuseStructure(container);
  await refuseGeometry(track);
  const form = formOf(codec, container?.configuration ?? null);
  if (form === null) throw new TrackFault("has a configuration that cannot be read");
  const sink = new EncodedPacketSink(track);
  const key = await firstKey(sink, form);
  if (typeof key === "string") throw new TrackFault(`cannot be sent: ${key}`);
  const { fmtp, fault, interlaced } = readPictureFormat(codec, key);
  if (fault !== null) {
    throw new TrackFault(`cannot be shown by all browsers: ${fault}`, { interlaced });
  }
  const described = { codec, clockRate: 90_000, channels: 1, fmtp };
  return { kind: "video", track: described, sink, form, firstUs: await probeOrder(sink) };
}

/** Throws a TrackFault. */
export async function sendableAudio(
  track: InputAudioTrack,
  container: ContainerTrack | null,
): Promise<SendableTrack> {
  const native = await track.getCodec();
  if (native !== "opus") {
    const found = native ?? container?.format ?? "of an unknown codec";
    throw new TrackFault(`is ${found}, WebRTC needs Opus`);
  }
  refuseStructure(container);
  const channels = await track.getNumberOfChannels();
  const header = container?.configuration ?? null;
  const fault = header === null ? channelsFault(channels) : opusFault(header);
  if (fault !== null) throw new TrackFault(fault);
  const sink = new EncodedPacketSink(track);
  const firstUs = await probePackets(sink);
  const stereo = channels === 2 ? ";stereo=1;sprop-stereo=1" : "";
  const fmtp = `minptime=10;useinbandfec=1${stereo}`;
  const described: FileTrack = { codec: "opus", clockRate: 48_000, channels: 2, fmtp };
  return { kind: "audio", track: described, sink, form: null, firstUs };
}

function refuseStructure(container: ContainerTrack | null): void {
  const all = { video: true, audio: true };
  if ((container?.descriptions ?? 1) > 1) {
    throw new TrackFault("changes its format in mid-file", all);
  }
  if ((container?.edits ?? 1) > 1) throw new TrackFault("is put together by an edit list", all);
}

async function refuseGeometry(track: InputVideoTrack): Promise<void> {
  const rotation = await track.getRotation();
  if (rotation !== 0) {
    throw new TrackFault(`is to be turned by ${rotation} degrees, which WebRTC does not carry`);
  }
  if (await track.getFlip()) {
    throw new TrackFault("is to be mirrored, which WebRTC does not carry");
  }
  const { num, den } = await track.getPixelAspectRatio();
  if (Math.abs(num / den - 1) > ASPECT_TOLERANCE) {
    throw new TrackFault(`has pixels of ${num}:${den}, WebRTC's are square`);
  }
}

function formOf(codec: CodecName, configuration: Uint8Array | null): FrameForm | null {
  if (codec === "vp8") return new Vp8Form();
  if (codec === "vp9") return new Vp9Form();
  if (codec === "av1") return new Av1Form(configuration);
  if (codec !== "h264" && codec !== "h265") return null;
  // Without a record the frames have start codes: QuickTime and Matroska files of old recorders.
  if (configuration === null || configuration.length === 0) {
    return new NalForm(codec, { lengthBytes: 0, sets: [] });
  }
  const record = codec === "h264" ? readH264Record(configuration) : readH265Record(configuration);
  return record === null ? null : new NalForm(codec, record);
}

/** The first keyframe, formed; a text says why there is none. */
async function firstKey(sink: EncodedPacketSink, form: FrameForm): Promise<Uint8Array | string> {
  let fault = "it is empty";
  let count = 0;
  for await (const packet of sink.packets()) {
    const formed = form.form(packet.data, packet.type === "key");
    if (typeof formed === "string") fault = `of a frame ${formed}`;
    else if (formed.key) return formed.data;
    else fault = "it has no keyframe";
    count += 1;
    if (count === PROBE_PACKETS) break;
  }
  return fault;
}

/**
 * Browsers expect frames in the order they are shown, so B-frames cannot be sent. Returns the time of
 * the first frame in us.
 */
async function probeOrder(sink: EncodedPacketSink): Promise<number> {
  let first = Number.NaN;
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
    const us = microseconds(packet.timestamp);
    if (count === 0) first = us;
    if (us < last - TIME_ROUNDING_US) {
      throw new TrackFault("has B-frames or unordered times, which WebRTC cannot carry");
    }
    last = us;
    count += 1;
    if (count === PROBE_PACKETS) break;
  }
  return first;
}

/** Returns the time of the first packet in us. */
async function probePackets(sink: EncodedPacketSink): Promise<number> {
  let first = Number.NaN;
  let count = 0;
  for await (const packet of sink.packets()) {
    if (count === 0) first = microseconds(packet.timestamp);
    const parts = opusParts(packet.data, PAYLOAD_BYTES_MAX);
    if (typeof parts === "string" && packet.data.length > 0) {
      throw new TrackFault(`cannot be sent: of a packet ${parts}`);
    }
    count += 1;
    if (count === PROBE_PACKETS) break;
  }
  if (count === 0) throw new TrackFault("is empty");
  return first;
}

/** Matroska counts milliseconds: two frames of one time are no disorder. */
export const TIME_ROUNDING_US = 1_000;

/** Whole microseconds; throws on times that no clock has. */
export function microseconds(seconds: number): number {
  const us = Math.round(seconds * 1e6);
  if (!Number.isSafeInteger(us)) throw new Error("a frame without a time");
  return us;
}
