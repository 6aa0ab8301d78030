/**
 * The part of a fragmented MP4 file that stands in front of all fragments (ISO/IEC 14496-12, 14496-15,
 * Opus in ISOBMFF): what tracks there are and how they are decoded, and no sample.
 */
import { assert } from "../../assert.ts";
import type { AudioFormat, VideoFormat } from "../format.ts";
import { BoxWriter } from "./boxes.ts";
import { SampleFlags, TICKS_PER_SECOND, Track } from "./tracks.ts";

/** All boxes of two tracks have some 1,200 bytes without the decoder's configuration. */
const INIT_BYTES = 2048;
/** How the sample entry of a codec is called, and the box in it that configures the decoder. */
const VIDEO_ENTRIES: Readonly<Record<VideoFormat["codec"], readonly [string, string]>> = {
  h264: ["avc1", "avcC"],
  h265: ["hvc1", "hvcC"],
  vp9: ["vp09", "vpcC"],
  av1: ["av01", "av1C"],
};
/** Samples that a decoder of Opus needs before it sounds right: what libopus looks ahead. */
const OPUS_PRE_SKIP = 312;
/** 16.16. */
const ONE = 0x10000;
const UNITY_MATRIX = [ONE, 0, 0, 0, ONE, 0, 0, 0, 0x40000000];
/** "und" in three times five bits (8.4.2). */
const LANGUAGE_UNDETERMINED = 0x55c4;
/** Track enabled, and in the presentation (8.3.2). */
const TRACK_FLAGS = 3;
/** The samples lie in the same file (8.7.2). */
const SELF_CONTAINED = 1;
const NEXT_TRACK_ID = Track.audio + 1;

/** ftyp and moov of these tracks. */
export function writeInit(tracks: {
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
}): Uint8Array {
  const { video, audio } = tracks;
  assert(video !== null || audio !== null, "a file has a track");
  const out = new BoxWriter(INIT_BYTES + (video?.config.length ?? 0));
  out.box("ftyp", () => {
    out.text("iso6");
    out.u32(0);
    out.text("iso6mp41");
  });
  out.box("moov", () => {
    writeMovieHeader(out);
    if (video !== null) writeVideoTrack(out, video);
    if (audio !== null) writeAudioTrack(out, audio);
    out.box("mvex", () => {
      if (video !== null) writeTrackExtends(out, Track.video, SampleFlags.between);
      if (audio !== null) writeTrackExtends(out, Track.audio, SampleFlags.key);
    });
  });
  return out.bytes.slice(0, out.length);
}

/** 8.2.2: no duration. */
function writeMovieHeader(out: BoxWriter): void {
  out.full("mvhd", 0, 0, () => {
    out.zeros(8);
    out.u32(1000);
    out.u32(0);
    out.u32(ONE);
    out.u16(0x0100);
    out.zeros(10);
    for (const value of UNITY_MATRIX) out.u32(value);
    out.zeros(24);
    out.u32(NEXT_TRACK_ID);
  });
}

function writeVideoTrack(out: BoxWriter, format: VideoFormat): void {
  const { width, height } = format;
  out.box("trak", () => {
    writeTrackHeader(out, Track.video, 0, width, height);
    writeMedia(out, Track.video, "vide", () => {
      out.full("vmhd", 0, 1, () => out.zeros(8));
      writeTables(out, () => writeVideoEntry(out, format));
    });
  });
}

function writeAudioTrack(out: BoxWriter, { channels }: AudioFormat): void {
  out.box("trak", () => {
    writeTrackHeader(out, Track.audio, 0x0100, 0, 0);
    writeMedia(out, Track.audio, "soun", () => {
      out.full("smhd", 0, 0, () => out.zeros(4));
      writeTables(out, () => writeOpusEntry(out, channels));
    });
  });
}

/** 8.3.2. */
function writeTrackHeader(
  out: BoxWriter,
  track: Track,
  volume: number,
  width: number,
  height: number,
): void {
  out.full("tkhd", 0, TRACK_FLAGS, () => {
    out.zeros(8);
    out.u32(track);
    // Reserved, no duration, reserved, layer, alternate group.
    out.zeros(20);
    out.u16(volume);
    out.zeros(2);
    for (const value of UNITY_MATRIX) out.u32(value);
    out.u32(width * ONE);
    out.u32(height * ONE);
  });
}

/** 8.4: header, handler, and `content` in minf. */
function writeMedia(out: BoxWriter, track: Track, handler: string, content: () => void): void {
  out.box("mdia", () => {
    out.full("mdhd", 0, 0, () => {
      out.zeros(8);
      out.u32(TICKS_PER_SECOND[track]);
      out.u32(0);
      out.u16(LANGUAGE_UNDETERMINED);
      out.zeros(2);
    });
    out.full("hdlr", 0, 0, () => {
      out.zeros(4);
      out.text(handler);
      // Reserved, and an empty name.
      out.zeros(13);
    });
    out.box("minf", content);
  });
}

/** 8.7.2 and 8.5: where the samples are, one entry, and tables of none. */
function writeTables(out: BoxWriter, entry: () => void): void {
  out.box("dinf", () =>
    out.full("dref", 0, 0, () => {
      out.u32(1);
      out.full("url ", 0, SELF_CONTAINED, () => {});
    }),
  );
  out.box("stbl", () => {
    out.full("stsd", 0, 0, () => {
      out.u32(1);
      entry();
    });
    for (const type of ["stts", "stsc"]) out.full(type, 0, 0, () => out.u32(0));
    out.full("stsz", 0, 0, () => out.zeros(8));
    out.full("stco", 0, 0, () => out.u32(0));
  });
}

/** 12.1.3. */
function writeVideoEntry(out: BoxWriter, { codec, width, height, config }: VideoFormat): void {
  const [entry, configuration] = VIDEO_ENTRIES[codec];
  out.box(entry, () => {
    writeEntryStart(out);
    out.zeros(16);
    out.u16(width);
    out.u16(height);
    // 72 dpi, 16.16.
    out.u32(72 * ONE);
    out.u32(72 * ONE);
    out.zeros(4);
    // One frame a sample, no name of an encoder, 24 bits of colour.
    out.u16(1);
    out.zeros(32);
    out.u16(24);
    out.u16(0xffff);
    out.box(configuration, () => out.put(config));
  });
}

/** 12.2.3, and Opus in ISOBMFF 4.3. */
function writeOpusEntry(out: BoxWriter, channels: number): void {
  const rate = TICKS_PER_SECOND[Track.audio];
  out.box("Opus", () => {
    writeEntryStart(out);
    out.zeros(8);
    out.u16(channels);
    out.u16(16);
    out.zeros(4);
    out.u32(rate * ONE);
    out.box("dOps", () => {
      out.u8(0);
      out.u8(channels);
      out.u16(OPUS_PRE_SKIP);
      out.u32(rate);
      // No gain, mapping family 0.
      out.zeros(3);
    });
  });
}

/** 8.5.2: reserved, and which of the places in dref has the samples. */
function writeEntryStart(out: BoxWriter): void {
  out.zeros(6);
  out.u16(1);
}

/** 8.8.3: what a fragment does not say of its samples. */
function writeTrackExtends(out: BoxWriter, track: Track, flags: number): void {
  out.full("trex", 0, 0, () => {
    out.u32(track);
    out.u32(1);
    out.zeros(8);
    out.u32(flags);
  });
}
