/** Three readers of MP4 files that are not ours: mediabunny, mp4box and ffprobe. */
import { createHash } from "node:crypto";
import {
  BufferSource,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  type InputVideoTrack,
  MP4,
} from "mediabunny";
import { createFile, type Movie, MP4BoxBuffer } from "mp4box";

/** A sample as a reader finds it; times in ticks of its track, null where it does not tell them. */
export interface ReadSample {
  readonly shown: number;
  /** Of decoding; mediabunny says nothing of it. */
  readonly time: number | null;
  /** ffprobe says nothing of it for Opus in fragments, be they FFmpeg's own. */
  readonly duration: number | null;
  readonly key: boolean;
  readonly md5: string;
}

export interface ReadTrack {
  readonly codec: string;
  readonly samples: readonly ReadSample[];
}

export const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** Tracks by their place: pictures, then sound. */
export async function readByMediabunny(file: Uint8Array): Promise<ReadTrack[]> {
  const input = new Input({ source: new BufferSource(file), formats: [MP4] });
  const tracks: ReadTrack[] = [];
  for (const track of await input.getTracks()) {
    if (!track.isVideoTrack() && !track.isAudioTrack()) continue;
    tracks.push({
      codec: (await track.getCodecParameterString()) ?? "",
      samples: await mediabunnySamples(track, track.isVideoTrack() ? 90_000 : 48_000),
    });
  }
  return tracks;
}

async function mediabunnySamples(
  track: InputVideoTrack | InputAudioTrack,
  rate: number,
): Promise<ReadSample[]> {
  const samples: ReadSample[] = [];
  for await (const { timestamp, duration, type, data } of new EncodedPacketSink(track).packets()) {
    samples.push({
      shown: Math.round(timestamp * rate),
      time: null,
      duration: Math.round(duration * rate),
      key: type === "key",
      md5: md5(data),
    });
  }
  return samples;
}

/** What mp4box says of the whole file, and its tracks. */
export function readByMp4box(file: Uint8Array): { info: Movie; tracks: ReadTrack[] } {
  const reader = createFile();
  reader.onError = (module, message) => {
    throw new Error(`${module}: ${message}`);
  };
  const samples = new Map<number, ReadSample[]>();
  reader.onReady = ({ tracks }) => {
    for (const { id } of tracks) {
      samples.set(id, []);
      reader.setExtractionOptions(id, undefined, { nbSamples: 1 });
    }
    reader.start();
  };
  reader.onSamples = (id, _, found) => {
    for (const { cts, dts, duration, is_sync: key, data } of found) {
      samples.get(id)!.push({ shown: cts, time: dts, duration, key, md5: md5(data!) });
    }
  };
  reader.appendBuffer(MP4BoxBuffer.fromArrayBuffer(file.slice().buffer, 0), true);
  reader.flush();
  const info = reader.getInfo();
  return {
    info,
    tracks: info.tracks.map(({ id, codec }) => ({ codec, samples: samples.get(id)! })),
  };
}

/** Throws with what ffprobe has to complain of. */
export async function readByFfprobe(file: Uint8Array): Promise<ReadTrack[]> {
  const show = ["-show_streams", "-show_packets", "-show_data_hash", "MD5", "-of", "json"];
  const child = Bun.spawn(["ffprobe", "-v", "warning", ...show, "-"], {
    stdin: new Blob([file.slice()]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0 || complaint !== "") throw new Error(`ffprobe: ${complaint}`);
  const { streams, packets } = JSON.parse(out) as Probed;
  return streams.map(({ codec_name: codec }, index) => ({
    codec,
    samples: packets.filter(({ stream_index }) => stream_index === index).map(probedSample),
  }));
}

interface Probed {
  readonly streams: readonly { readonly codec_name: string }[];
  readonly packets: readonly ProbedPacket[];
}

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts: number;
  readonly dts: number;
  readonly duration?: number;
  readonly flags: string;
  readonly data_hash: string;
}

function probedSample({ pts, dts, duration, flags, data_hash }: ProbedPacket): ReadSample {
  return {
    shown: pts,
    time: dts,
    duration: duration ?? null,
    key: flags.startsWith("K"),
    md5: data_hash.replace("MD5:", ""),
  };
}
