/** Pictures that real encoders made. */
import { EncodedPacketSink, FilePathSource, Input, MP4 } from "mediabunny";
import { readH264Record, readH265Record } from "../../src/client/decoder-record.ts";
import { joined } from "../../src/wire/bytes.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { joinUnits } from "../../src/wire/frame-units.ts";
import { Clips } from "../support/clips.ts";

export const WIDTH = 322;
export const HEIGHT = 182;
export const FRAMES = 60;
const PICTURES = `testsrc2=s=${WIDTH}x${HEIGHT}:r=30:d=2`;

export interface Encoder {
  readonly name: string;
  readonly codec: CodecId;
  /** What makes it quick. */
  readonly options: readonly string[];
  /** What ffprobe calls its pictures, and what playlists do. */
  readonly probed: string;
  readonly codecs: string;
}

const X264: Encoder = {
  name: "libx264",
  codec: Codec.h264,
  options: ["-preset", "ultrafast", "-bf", "0"],
  probed: "h264",
  codecs: "avc1.42c00d",
};

const X265: Encoder = {
  name: "libx265",
  codec: Codec.h265,
  options: ["-preset", "ultrafast", "-bf", "0", "-tag:v", "hvc1"],
  probed: "hevc",
  codecs: "hvc1.1.6.L60.90",
};

const VPX: Encoder = {
  name: "libvpx-vp9",
  codec: Codec.vp9,
  options: ["-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0"],
  probed: "vp9",
  codecs: "vp09.00.20.08",
};

const AV1 = { codec: Codec.av1, probed: "av1", codecs: "av01.0.00M.08" } as const;
const AOM: Encoder = {
  ...AV1,
  name: "libaom-av1",
  options: ["-usage", "realtime", "-cpu-used", "8"],
};
/** Its pictures are hidden, and shown again later. */
const SVT: Encoder = { ...AV1, name: "libsvtav1", options: ["-preset", "12"] };

export const ENCODERS = [X264, X265, VPX, AOM, SVT] as const;

/** What came of an encoder. */
export interface Encoded {
  readonly codec: CodecId;
  /** As a publisher has them: with the sets of parameters in front of keyframes. */
  readonly frames: readonly { readonly data: Uint8Array; readonly key: boolean }[];
  /** The same in FFmpeg's own file. */
  readonly samples: readonly Uint8Array[];
  /** As mediabunny names the codec of that file. */
  readonly codecs: string;
}

const made = new Map<string, Promise<Encoded>>();

/** Two seconds, a keyframe each second; made once a process. */
export function encode(encoder: Encoder): Promise<Encoded> {
  const known = made.get(encoder.name) ?? run(encoder);
  made.set(encoder.name, known);
  return known;
}

async function run(encoder: Encoder): Promise<Encoded> {
  const clips = new Clips();
  try {
    return await readBack(clips, encoder);
  } finally {
    clips.remove();
  }
}

async function readBack(clips: Clips, { name, codec, options }: Encoder): Promise<Encoded> {
  const path = await clips.ffmpeg(`${name}.mp4`, [
    ...["-f", "lavfi", "-i", PICTURES, "-pix_fmt", "yuv420p", "-c:v", name],
    ...[...options, "-g", "30", "-keyint_min", "30"],
  ]);
  const input = new Input({ source: new FilePathSource(path), formats: [MP4] });
  const track = (await input.getPrimaryVideoTrack())!;
  const record = (await track.getDecoderConfig())!.description;
  const sets = setsOf(codec, record === undefined ? null : new Uint8Array(record as ArrayBuffer));
  const samples: Uint8Array[] = [];
  const frames: { data: Uint8Array; key: boolean }[] = [];
  for await (const { data, type } of new EncodedPacketSink(track).packets()) {
    samples.push(data);
    const key = type === "key";
    frames.push({ data: key ? joined([sets, data]) : data, key });
  }
  return { codec, frames, samples, codecs: (await track.getCodecParameterString())! };
}

/** What stands outside of the samples, as units behind their lengths. */
function setsOf(codec: CodecId, record: Uint8Array | null): Uint8Array {
  if (codec === Codec.h264) return joinUnits(readH264Record(record!)!.sets);
  return joinUnits(codec === Codec.h265 ? readH265Record(record!)!.sets : []);
}
