/** MP4 and WebM files as frames in sending order. Reading is mediabunny's work. */
import {
  BlobSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
  MATROSKA,
  MP4,
  QTFF,
  WEBM,
} from "mediabunny";
import type { CodecName, MediaKind } from "../wire/codecs.ts";
import { ParameterSets } from "./parameter-sets.ts";

/** One encoded frame: what an RTP packetizer takes. */
export interface MediaFrame {
  readonly kind: MediaKind;
  /** Microseconds since the start of the first pass; rises from pass to pass. */
  readonly timeUs: number;
  readonly data: Uint8Array;
  readonly key: boolean;
}

export interface FileTrack {
  readonly codec: CodecName;
  readonly clockRate: number;
  readonly channels: number;
  /** The a=fmtp parameters that describe the stream. */
  readonly fmtp: string;
}

/** A file that cannot be sent; the message says why and what helps. */
export class MediaFileError extends Error {
  override readonly name = "MediaFileError";
}

export interface MediaSelection {
  readonly audio: boolean;
  readonly video: boolean;
}

/** Packets looked at when a file is opened, to find B-frames before anything is sent. */
const PROBE_PACKETS = 90;

/** Opens a file and checks that its tracks can be sent. Throws a MediaFileError. */
export async function openMediaFile(
  blob: Blob,
  name: string,
  selection: MediaSelection,
): Promise<MediaFile> {
  const input = new Input({ source: new BlobSource(blob), formats: [MP4, QTFF, WEBM, MATROSKA] });
  try {
    const video = selection.video ? await input.getPrimaryVideoTrack() : null;
    const audio = selection.audio ? await input.getPrimaryAudioTrack() : null;
    if (video === null && audio === null) throw new MediaFileError(`${name}: nothing to send`);
    return await MediaFile.create(input, name, video, audio);
  } catch (error) {
    input.dispose();
    if (error instanceof MediaFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MediaFileError(`${name}: not a readable MP4 or WebM file (${reason})`);
  }
}

export class MediaFile {
  private constructor(
    private readonly input: Input,
    private readonly name: string,
    private readonly sources: readonly Source[],
    readonly durationUs: number,
  ) {}

  static async create(
    input: Input,
    name: string,
    video: InputVideoTrack | null,
    audio: InputAudioTrack | null,
  ): Promise<MediaFile> {
    const sources: Source[] = [];
    if (video !== null) sources.push(await videoSource(video, name));
    if (audio !== null) sources.push(await audioSource(audio, name));
    // The length of a pass: that of the picture, since the sound ends somewhere in its last packet.
    const duration = await (video ?? audio!).computeDuration();
    return new MediaFile(input, name, sources, Math.round(duration * 1e6));
  }

  track(kind: MediaKind): FileTrack | null {
    return this.sources.find((source) => source.kind === kind)?.track ?? null;
  }

  /** All frames of both tracks by time; without an end when `loop` is set. */
  async *frames(loop: boolean): AsyncGenerator<MediaFrame> {
    for (let pass = 0; pass === 0 || loop; pass += 1) {
      const start = pass * this.durationUs;
      for await (const frame of merge(this.sources.map((source) => this.pass(source)))) {
        yield { ...frame, timeUs: frame.timeUs + start };
      }
    }
  }

  close(): void {
    this.input.dispose();
  }

  private async *pass(source: Source): AsyncGenerator<MediaFrame> {
    let first: number | null = null;
    let last = Number.NEGATIVE_INFINITY;
    for await (const packet of source.sink.packets()) {
      const us = Math.round(packet.timestamp * 1e6);
      // Encoders start sound a few milliseconds early (Opus pre-skip); time starts at zero here.
      first ??= Math.min(0, us);
      const timeUs = us - first;
      // What is past the end of the pass would overlap with the beginning of the next.
      if (timeUs >= this.durationUs) return;
      if (timeUs <= last) throw reordered(this.name);
      last = timeUs;
      const key = packet.type === "key";
      const data = source.parameterSets?.complete(packet.data, key) ?? packet.data;
      yield { kind: source.kind, timeUs, data, key };
    }
  }
}

interface Source {
  readonly kind: MediaKind;
  readonly track: FileTrack;
  readonly sink: EncodedPacketSink;
  /** H.264 only: what MP4 keeps outside the frames. */
  readonly parameterSets: ParameterSets | null;
}

async function videoSource(track: InputVideoTrack, name: string): Promise<Source> {
  const codec = VIDEO_CODECS[track.codec ?? ""];
  if (codec === undefined) throw unsupported(name, "video", track.codec);
  const sink = new EncodedPacketSink(track);
  await refuseReordering(sink, name);
  const config = await track.getDecoderConfig();
  const description = config?.description;
  let parameterSets: ParameterSets | null = null;
  if (codec === "h264" && description !== undefined) {
    parameterSets = ParameterSets.read(bytesOf(description));
    if (parameterSets === null) throw unsupported(name, "video", "H.264 of an unusual layout");
  }
  const fmtp = videoFmtp(codec, config?.codec ?? "");
  const described: FileTrack = { codec, clockRate: 90_000, channels: 1, fmtp };
  return { kind: "video", track: described, sink, parameterSets };
}

async function audioSource(track: InputAudioTrack, name: string): Promise<Source> {
  if (track.codec !== "opus") throw unsupported(name, "audio", track.codec);
  const stereo = track.numberOfChannels === 2 ? ";stereo=1;sprop-stereo=1" : "";
  const described: FileTrack = {
    codec: "opus",
    clockRate: 48_000,
    channels: 2,
    fmtp: `minptime=10;useinbandfec=1${stereo}`,
  };
  const sink = new EncodedPacketSink(track);
  return { kind: "audio", track: described, sink, parameterSets: null };
}

const VIDEO_CODECS: Readonly<Record<string, CodecName>> = {
  avc: "h264",
  vp8: "vp8",
  vp9: "vp9",
  av1: "av1",
};

/** fmtp from the codec string of RFC 6381: avc1.42C01F, vp09.00.10.08, av01.0.04M.08. */
function videoFmtp(codec: CodecName, text: string): string {
  const parts = text.split(".");
  if (codec === "h264") {
    const id = /^[0-9a-f]{6}$/i.test(parts[1] ?? "") ? parts[1]!.toLowerCase() : "42e01f";
    return `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${id}`;
  }
  if (codec === "vp9") return `profile-id=${Number(parts[1] ?? 0) || 0}`;
  if (codec === "av1") {
    const level = Number.parseInt(parts[2] ?? "", 10);
    const idx = Number.isInteger(level) ? level : 5;
    return `level-idx=${idx};profile=${Number(parts[1] ?? 0) || 0};tier=0`;
  }
  return "";
}

/** Browsers expect frames in the order they are shown, so B-frames cannot be sent. */
async function refuseReordering(sink: EncodedPacketSink, name: string): Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
    if (packet.timestamp <= last) throw reordered(name);
    last = packet.timestamp;
    count += 1;
    if (count === PROBE_PACKETS) return;
  }
}

/** Frames of all tracks by time. */
async function* merge(tracks: readonly AsyncGenerator<MediaFrame>[]): AsyncGenerator<MediaFrame> {
  const heads = await Promise.all(tracks.map((track) => track.next()));
  for (;;) {
    let earliest = -1;
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const best = earliest < 0 ? null : heads[earliest]!;
      if (best === null || head.value.timeUs < best.value.timeUs) earliest = index;
    }
    if (earliest < 0) return;
    yield heads[earliest]!.value;
    heads[earliest] = await tracks[earliest]!.next();
  }
}

function unsupported(name: string, kind: MediaKind, codec: string | null): MediaFileError {
  const can = kind === "video" ? "H.264, VP8, VP9 or AV1" : "Opus";
  return new MediaFileError(
    `${name}: its ${kind} is ${codec ?? "of an unknown codec"}, WebRTC needs ${can}. ${convert(name)}`,
  );
}

function reordered(name: string): MediaFileError {
  return new MediaFileError(
    `${name}: its video has B-frames or unordered times, which WebRTC cannot carry. ${convert(name)}`,
  );
}

function convert(name: string): string {
  return (
    `Convert it: ffmpeg -i ${JSON.stringify(name)} -c:v libx264 -profile:v baseline -bf 0 -g 60 ` +
    "-pix_fmt yuv420p -c:a libopus -ar 48000 -ac 2 out.mp4"
  );
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  return new Uint8Array(source);
}

/** Bun has no WebCodecs types; mediabunny's declarations lean on them. */
type AllowSharedBufferSource = ArrayBufferLike | ArrayBufferView;
