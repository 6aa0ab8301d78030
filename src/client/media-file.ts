/** MP4 and WebM files as frames in sending order. Reading is mediabunny's work. */
import {
  BlobSource,
  Input,
  type InputAudioTrack,
  type InputTrack,
  type InputVideoTrack,
  Logging,
  MATROSKA,
  MP4,
  QTFF,
  UnsupportedInputFormatError,
  WEBM,
} from "mediabunny";
import { messageOf } from "../errors.ts";
import type { MediaKind } from "../wire/codecs.ts";
import type { ContainerTrack } from "./container/container-track.ts";
import { readMatroskaTracks } from "./container/matroska.ts";
import { readMp4Tracks } from "./container/mp4.ts";
import { type Conversion, conversion } from "./conversion.ts";
import { type FileTrack, MediaFileError, type MediaSelection } from "./media.ts";
import { Playback } from "./playback.ts";
import {
  type SendableTrack,
  sendableAudio,
  sendableVideo,
  TrackFault,
  VIDEO_CODECS,
} from "./sendable-track.ts";

/** A month: what states more counts without an end. */
const DURATION_MAX_S = 30 * 86_400;

/** Opens a file and checks that its tracks can be sent. Throws a MediaFileError. */
export async function openMediaFile(
  blob: Blob,
  name: string,
  selection: MediaSelection,
): Promise<MediaFile> {
  if (blob.size === 0) throw new MediaFileError(`${name}: is empty`);
  // What it has to say goes into the one line that a refusal has.
  Logging.level = 0;
  const input = new Input({ source: new BlobSource(blob), formats: [MP4, QTFF, WEBM, MATROSKA] });
  try {
    return await MediaFile.create(input, blob, name, selection);
  } catch (error) {
    input.dispose();
    throw readingError(name, error);
  }
}

/** What went wrong in reading, as one line that names the file. */
export function readingError(name: string, error: unknown): MediaFileError {
  if (error instanceof MediaFileError) return error;
  if (error instanceof UnsupportedInputFormatError) {
    return new MediaFileError(
      `${name}: not a readable MP4 or WebM file (neither by its first bytes)`,
    );
  }
  const text = messageOf(error).split("\n")[0]!;
  // mediabunny's assertions have no words of their own.
  const reason = /^assert/i.test(text) ? "its parts contradict each other" : text;
  return new MediaFileError(`${name}: damaged, or not a readable MP4 or WebM file (${reason})`);
}

export class MediaFile {
  private constructor(
    private readonly input: Input,
    private readonly tracks: readonly SendableTrack[],
    /** As the file's header states it; null when it does not. */
    readonly durationUs: number | null,
    /** What was left out when there was a choice, in words. */
    readonly notes: readonly string[],
  ) {}

  static async create(
    input: Input,
    blob: Blob,
    name: string,
    selection: MediaSelection,
  ): Promise<MediaFile> {
    const format = await input.getFormat();
    const isMp4 = format === MP4 || format === QTFF;
    const container = await (isMp4 ? readMp4Tracks(blob) : readMatroskaTracks(blob));
    if (container === null) throw unreadableHeader(name);
    // Before the reader looks at it: it expects keys.
    if (container.some((track) => track.encrypted)) throw encrypted(name);
    const notes: string[] = [];
    const video = selection.video
      ? await choose(await input.getVideoTracks(), "video", canSendVideo, notes)
      : null;
    const audio = selection.audio
      ? await choose(await input.getAudioTracks(), "audio", canSendAudio, notes)
      : null;
    if (video === null && audio === null) throw nothingToSend(name, container);
    const tracks = await tracksOf(name, [
      video === null ? null : () => sendableVideo(video, find(container, video)),
      audio === null ? null : () => sendableAudio(audio, find(container, audio)),
    ]);
    const seconds = await (video ?? audio!).getDurationFromMetadata();
    const first = Math.max(0, Math.min(...tracks.map(({ firstUs }) => firstUs)));
    const known = seconds !== null && seconds * 1e6 > first && seconds < DURATION_MAX_S;
    const durationUs = known ? Math.round(seconds * 1e6) - first : null;
    return new MediaFile(input, tracks, durationUs, notes);
  }

  track(kind: MediaKind): FileTrack | null {
    return this.tracks.find((track) => track.kind === kind)?.track ?? null;
  }

  /** All frames of both tracks by time; without an end when `loop` is set. */
  play(loop: boolean): Playback {
    return new Playback(this.tracks, loop);
  }

  close(): void {
    this.input.dispose();
  }
}

async function canSendVideo(track: InputVideoTrack): Promise<boolean> {
  return VIDEO_CODECS[(await track.getCodec()) ?? ""] !== undefined;
}

async function canSendAudio(track: InputAudioTrack): Promise<boolean> {
  return (await track.getCodec()) === "opus";
}

/** Of several tracks the one that players would begin with, among those that can be sent. */
async function choose<T extends InputTrack>(
  tracks: readonly T[],
  kind: MediaKind,
  canSend: (track: T) => Promise<boolean>,
  notes: string[],
): Promise<T | null> {
  const rated = await Promise.all(
    tracks.map(async (track) => {
      const standard = (await track.getDisposition()).default;
      return { track, rating: ((await canSend(track)) ? 2 : 0) + (standard ? 1 : 0) };
    }),
  );
  const best = rated.reduce<(typeof rated)[number] | null>(
    (found, each) => (found === null || each.rating > found.rating ? each : found),
    null,
  );
  if (best !== null && tracks.length > 1) {
    const place = tracks.indexOf(best.track) + 1;
    notes.push(`sends ${kind} track ${place} of ${tracks.length}`);
  }
  return best?.track ?? null;
}

/**
 * The tracks of video and audio. All that is wrong is told at once, with one line that mends it all:
 * mending one track must not lead to the complaint about the other.
 */
async function tracksOf(
  name: string,
  [video, audio]: readonly [Make | null, Make | null],
): Promise<readonly SendableTrack[]> {
  const tracks: SendableTrack[] = [];
  const faults: string[] = [];
  let how: Conversion = { video: false, audio: false };
  for (const [kind, make] of [
    ["video", video],
    ["audio", audio],
  ] as const) {
    try {
      if (make !== null) tracks.push(await make());
    } catch (error) {
      if (!(error instanceof TrackFault)) throw error;
      faults.push(`its ${kind} ${error.message}`);
      how = { ...how, [kind]: true, ...error.how };
    }
  }
  if (faults.length === 0) return tracks;
  throw new MediaFileError(`${name}: ${faults.join("; ")}. ${conversion(name, how)}`);
}

type Make = () => Promise<SendableTrack>;

function find(container: readonly ContainerTrack[], track: InputTrack): ContainerTrack | null {
  return container.find(({ id }) => id === track.id) ?? null;
}

function unreadableHeader(name: string): MediaFileError {
  const line = conversion(name, { video: false, audio: false });
  return new MediaFileError(
    `${name}: damaged, or cut off: it has no list of its tracks at the beginning. ${line}`,
  );
}

/** Tracks of kinds or codecs that the reader does not know. */
function nothingToSend(name: string, container: readonly ContainerTrack[]): MediaFileError {
  const formats = container.map(({ format }) => format).join(", ");
  const line = conversion(name, { video: true, audio: true });
  const help = container.length === 0 ? "" : `. ${line}`;
  return new MediaFileError(`${name}: nothing to send (${formats || "no tracks"})${help}`);
}

function encrypted(name: string): MediaFileError {
  const line = conversion(name, { video: true, audio: true, encrypted: true });
  return new MediaFileError(`${name}: is encrypted. ${line}`);
}
