/**
 * Files of many containers, codecs and oddities, made by ffmpeg. Their pictures carry their own number
 * in a row of bits, colours below it, and the two channels of sound a tone each.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Clips } from "./clips.ts";

export const WIDTH = 320;
export const HEIGHT = 192;
export const FPS = 30;
export const SECONDS = 2;
/** Frames of one pass. */
export const FRAMES = FPS * SECONDS;
export const BITS = 6;
export const LEFT_HZ = 440;
export const RIGHT_HZ = 1320;

const BIT_WIDTH = Math.floor(WIDTH / BITS);
const bars = ["red", "lime", "blue", "white"];

/** Filters that draw bit k of the picture's number at the top and four colours at the bottom. */
const DRAWN = [
  ...Array.from(
    { length: BITS },
    (_, bit) =>
      `drawbox=x=${bit * BIT_WIDTH}:y=0:w=${BIT_WIDTH}:h=64:t=fill:color=white:enable='mod(floor(n/${2 ** bit}),2)'`,
  ),
  ...bars.map((color, i) => `drawbox=x=${i * 80}:y=96:w=80:h=96:t=fill:color=${color}`),
].join(",");

const TONES = `sin(2*PI*${LEFT_HZ}*t)/3|sin(2*PI*${RIGHT_HZ}*t)/3`;
const SIX = Array(6).fill("sin(880*t)/4").join("|");
/** Arguments of ffmpeg, with a space between each two. */
const PICTURE = `-f lavfi -i color=black:s=${WIDTH}x${HEIGHT}:r=${FPS}:d=${SECONDS},${DRAWN}`;
const SOUND = `-f lavfi -i aevalsrc=${TONES}:d=${SECONDS}:s=48000:c=stereo`;
const SURROUND = `-f lavfi -i aevalsrc=${SIX}:d=${SECONDS}:s=48000:c=5.1`;
const BOTH = `${PICTURE} ${SOUND}`;
const X264 = "-pix_fmt yuv420p -c:v libx264 -preset veryfast -bf 0 -g 30";
const B_FRAMES = "-pix_fmt yuv420p -c:v libx264 -preset veryfast -x264-params bframes=2:b-adapt=0";
const VP8 = "-pix_fmt yuv420p -c:v libvpx -b:v 300k";
const VP9 = "-pix_fmt yuv420p -c:v libvpx-vp9 -b:v 300k";
const AV1 = "-pix_fmt yuv420p -c:v libaom-av1 -usage realtime -cpu-used 8 -g 30";
const NO_HEADERS = "-bsf:v filter_units=remove_types=1";
const LIBOPUS = "-c:a libopus -b:a 64k";
const FAST = "-deadline realtime -cpu-used 8";

export interface FileCase {
  /** What is special about it. */
  readonly name: string;
  readonly file: string;
  readonly make: (clips: Clips, file: string) => Promise<string>;
  /** Matches the refusal; null for what plays. The rest tells what plays, or what the line makes of it. */
  readonly refused: RegExp | null;
  readonly sound: "tones" | "other" | "none";
  /** Size of the pictures; null without any. */
  readonly size: string | null;
  /** Whether the pictures lie as they were drawn. */
  readonly drawn: boolean;
}

type Make = FileCase["make"];
type More = Partial<Pick<FileCase, "sound" | "size" | "drawn">>;

const AS_DRAWN = { sound: "tones", size: `${WIDTH}x${HEIGHT}`, drawn: true } as const;
const SILENT = { sound: "none" } as const;

const by =
  (...args: readonly string[]): Make =>
  (clips, file) =>
    clips.ffmpeg(file, args.join(" ").split(" "));

/** Made from a plain file, FILE, that is made first. */
const from =
  (args: string): Make =>
  async (clips, file) => {
    const plain = await clips.ffmpeg(`source-of-${file}`, `${BOTH} ${X264} ${LIBOPUS}`.split(" "));
    return clips.ffmpeg(file, args.replace("FILE", plain).split(" "));
  };

function plays(name: string, file: string, make: Make, more: More = {}): FileCase {
  return { name, file, make, refused: null, ...AS_DRAWN, ...more };
}

function refuses(
  name: string,
  file: string,
  refused: RegExp,
  make: Make,
  more: More = {},
): FileCase {
  return { name, file, make, refused, ...AS_DRAWN, ...more };
}

const LOW = "-b:v 60k -maxrate 60k -bufsize 30k";
const LARGE = "-c:a libopus -b:a 192k -vbr off -frame_duration 60";
const PIECES = "-movflags frag_keyframe+empty_moov+default_base_moof";
const INVISIBLE = "-auto-alt-ref 1 -lag-in-frames 16 -deadline good -cpu-used 5";

export const PLAYING: readonly FileCase[] = [
  plays("F1: H.264 of 60 kb/s: units of 256 to 511 bytes", "low.mp4", by(BOTH, X264, LOW, LIBOPUS)),
  plays(
    "F2: AV1 whose sequence header stands in av1C only",
    "headerless.mp4",
    by(BOTH, AV1, NO_HEADERS, LIBOPUS),
  ),
  plays(
    "F2: AV1 whose sequence header stands in CodecPrivate only",
    "headerless.mkv",
    by(BOTH, AV1, NO_HEADERS, LIBOPUS),
  ),
  plays(
    "F5: Opus packets of 1,440 bytes in a fragmented MP4",
    "large.mp4",
    by(BOTH, X264, LARGE, PIECES),
  ),
  plays("VP8 with invisible frames", "invisible.webm", by(BOTH, VP8, INVISIBLE, LIBOPUS)),
  plays("VP9 with superframes", "super.webm", by(BOTH, VP9, INVISIBLE, LIBOPUS)),
  plays("sizes unknown, as recorders write", "live.mkv", by(BOTH, X264, LIBOPUS, "-live 1")),
  plays("lengths of two bytes", "two.mp4", shortLengths),
  plays("movie box in front", "fast.mp4", by(BOTH, X264, LIBOPUS, "-movflags +faststart")),
  plays(
    "H.264 with parameter sets in its frames (avc3)",
    "inband.mp4",
    by(BOTH, X264, "-tag:v avc3 -bsf:v dump_extra", LIBOPUS),
  ),
  plays("H.264 in Matroska", "plain.mkv", by(BOTH, X264, LIBOPUS)),
  plays("H.264 in QuickTime without sound", "plain.mov", by(PICTURE, X264), SILENT),
  plays(
    "H.264 of profile High with four slices a picture",
    "high.mp4",
    by(BOTH, X264, "-profile:v high -x264-params slices=4", LIBOPUS),
  ),
  plays("a cut at no keyframe, by an edit list", "cut.mp4", from("-ss 0.5 -i FILE -c copy")),
  plays(
    "a clock that begins at ten seconds",
    "late.mkv",
    by(BOTH, X264, LIBOPUS, "-output_ts_offset 10"),
  ),
  plays("VP9 in MP4", "vp9.mp4", by(BOTH, VP9, FAST, LIBOPUS)),
  plays(
    "AV1 with hidden frames",
    "svt.mp4",
    by(BOTH, "-pix_fmt yuv420p -c:v libsvtav1 -preset 12 -g 30", LIBOPUS),
  ),
  plays("only sound", "sound.webm", by(SOUND, LIBOPUS), { size: null }),
];

const TEN_BITS = "-pix_fmt yuv420p10le";
const X264_ANY = "-c:v libx264 -preset ultrafast";
const SIX_OPUS = "-c:a libopus -mapping_family 1";

export const REFUSED: readonly FileCase[] = [
  refuses("AAC", "aac.mp4", /audio is aac/, by(BOTH, X264, "-c:a aac")),
  refuses("MP3", "mp3.mkv", /audio is mp3/, by(BOTH, X264, "-c:a libmp3lame")),
  refuses(
    "F3: Opus of six channels in MP4",
    "six.mp4",
    /audio has 6 channels/,
    by(PICTURE, SURROUND, X264, SIX_OPUS),
    { sound: "other" },
  ),
  refuses(
    "F3: Opus of six channels in WebM",
    "six.webm",
    /audio has 6 channels/,
    by(PICTURE, SURROUND, VP8, FAST, SIX_OPUS),
    { sound: "other" },
  ),
  refuses(
    "F4: a picture that lies on its side",
    "turned.mp4",
    /turned by (90|270) degrees/,
    from("-i FILE -c copy -metadata:s:v rotate=90"),
    { size: `${HEIGHT}x${WIDTH}`, drawn: false },
  ),
  refuses(
    "pixels that are not square",
    "wide.mkv",
    /pixels of/,
    by(PICTURE, "-vf setsar=4/3", X264),
    { sound: "none", size: "426x192" },
  ),
  refuses("B-frames", "b.mp4", /B-frames/, by(BOTH, B_FRAMES, LIBOPUS)),
  refuses(
    "B-frames and AAC: one line mends both",
    "b-aac.mp4",
    /B-frames.*; its audio is aac/,
    by(BOTH, B_FRAMES, "-c:a aac"),
  ),
  refuses("10 bits", "ten.mp4", /10 bits/, by(PICTURE, TEN_BITS, X264_ANY), SILENT),
  refuses("4:2:2", "422.mp4", /4:2:2/, by(PICTURE, "-pix_fmt yuv422p", X264_ANY), SILENT),
  refuses(
    "interlaced",
    "fields.mp4",
    /interlaced/,
    by(PICTURE, "-pix_fmt yuv420p", X264_ANY, "-flags +ildct+ilme"),
    SILENT,
  ),
  refuses(
    "VP9 of 10 bits",
    "vp9.webm",
    /profile 2/,
    by(PICTURE, TEN_BITS, "-c:v libvpx-vp9", FAST),
    SILENT,
  ),
  refuses(
    "AV1 of 10 bits",
    "av1.mkv",
    /10 bits/,
    by(PICTURE, TEN_BITS, "-c:v libsvtav1 -preset 12"),
    SILENT,
  ),
  refuses("another codec", "old.mp4", /WebRTC needs/, by(PICTURE, "-c:v mpeg4"), SILENT),
  refuses(
    "a format that changes in mid-file",
    "changes.mp4",
    /changes its format/,
    twoDescriptions,
  ),
];

/** ffmpeg writes lengths of four bytes only: the upper two of each unit are taken away. */
async function shortLengths(clips: Clips, file: string): Promise<string> {
  const path = await by(BOTH, X264, LIBOPUS)(clips, file);
  const bytes = new Uint8Array(readFileSync(path));
  const record = indexOf(bytes, "avcC");
  const [size, offsets] = [indexOf(bytes, "stsz"), indexOf(bytes, "stco")];
  const view = new DataView(bytes.buffer);
  // Video is the first track. Each sample shrinks at its place, and what is behind it in the chunk moves up.
  bytes[record + 8] = (bytes[record + 8]! & 0xfc) | 1;
  const chunks = chunksOf(bytes);
  let sample = 0;
  for (let chunk = 0; chunk < view.getUint32(offsets + 8); chunk += 1) {
    let from = view.getUint32(offsets + 12 + 4 * chunk);
    let to = from;
    for (let i = 0; i < chunks(chunk + 1); i += 1, sample += 1) {
      const end = from + view.getUint32(size + 16 + 4 * sample);
      const start = to;
      while (from < end) {
        const length = view.getUint32(from);
        view.setUint16(to, length);
        bytes.copyWithin(to + 2, from + 4, from + 4 + length);
        from += 4 + length;
        to += 2 + length;
      }
      view.setUint32(size + 16 + 4 * sample, to - start);
    }
  }
  writeFileSync(path, bytes);
  return path;
}

/** Samples of each chunk (counted from 1) of the first track, from its stsc box. */
function chunksOf(bytes: Uint8Array): (chunk: number) => number {
  const table = indexOf(bytes, "stsc");
  const view = new DataView(bytes.buffer);
  const entries = Array.from({ length: view.getUint32(table + 8) }, (_, i) => ({
    first: view.getUint32(table + 12 + 12 * i),
    samples: view.getUint32(table + 16 + 12 * i),
  }));
  return (chunk) => entries.findLast(({ first }) => first <= chunk)!.samples;
}

/** A second sample description of another level, which the last chunk of the picture uses. */
async function twoDescriptions(clips: Clips, file: string): Promise<string> {
  const path = await by(BOTH, X264, LIBOPUS, "-movflags +faststart")(clips, file);
  let bytes: Buffer = Buffer.from(readFileSync(path));
  const table = indexOf(bytes, "stsd");
  const entry = bytes.subarray(table + 12, table - 4 + bytes.readUInt32BE(table - 4));
  const other = Buffer.from(entry);
  other[other.indexOf("avcC") + 7]! += 1;
  bytes = insert(bytes, "stsd", other);
  const runs = indexOf(bytes, "stsc");
  const run = Buffer.from(bytes.subarray(runs + 12, runs + 24));
  run.writeUInt32BE(bytes.readUInt32BE(indexOf(bytes, "stco") + 8), 0);
  run.writeUInt32BE(2, 8);
  writeFileSync(path, insert(bytes, "stsc", run));
  return path;
}

/** Puts an entry at the end of a table of the first track, whose file has its movie box in front. */
function insert(bytes: Buffer, type: string, entry: Buffer): Buffer {
  const table = indexOf(bytes, type);
  const end = table - 4 + bytes.readUInt32BE(table - 4);
  const out = Buffer.concat([bytes.subarray(0, end), entry, bytes.subarray(end)]);
  for (const box of ["moov", "trak", "mdia", "minf", "stbl", type]) {
    const at = indexOf(out, box) - 4;
    out.writeUInt32BE(out.readUInt32BE(at) + entry.length, at);
  }
  out.writeUInt32BE(out.readUInt32BE(table + 8) + 1, table + 8);
  for (let at = out.indexOf("stco"); at >= 0; at = out.indexOf("stco", at + 4)) {
    for (let i = 0; i < out.readUInt32BE(at + 8); i += 1) {
      const place = at + 12 + 4 * i;
      out.writeUInt32BE(out.readUInt32BE(place) + entry.length, place);
    }
  }
  return out;
}

/** Offset of a box's type, which its version and flags follow. */
function indexOf(bytes: Uint8Array, type: string): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(type);
  if (at < 0) throw new Error(`no ${type}`);
  return at;
}
