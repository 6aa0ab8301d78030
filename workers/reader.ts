/** Reads a media file on a thread of its own, which can be ended when a damaged one keeps it busy. */
import type { PlaybackItem } from "../src/client/file-pass.ts";
import { type MediaFile, openMediaFile, readingError } from "../src/client/media-file.ts";
import type { Playback } from "../src/client/playback.ts";
import type { ReaderReply, ReaderRequest } from "../src/client/reader-messages.ts";

/** A batch is whatever reaches one of these first. */
const BATCH_ITEMS = 64;
const BATCH_BYTES = 512 * 1024;

declare const self: Worker;

let name = "";
let playback: Playback | null = null;
/** One after the other. */
let work: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ReaderRequest>) => {
  work = work
    .then(() => answer(data))
    .then(postMessage, (error: unknown) => {
      reply({ type: "failed", message: readingError(name, error).message });
    });
};

function reply(message: ReaderReply): void {
  postMessage(message);
}

async function answer(request: ReaderRequest): Promise<ReaderReply> {
  if (request.type === "open") {
    name = request.name;
    const file = await openMediaFile(Bun.file(request.path), name, request.selection);
    playback = file.play(request.loop);
    return described(file);
  }
  if (playback === null) throw new Error("no file is open");
  if (request.type === "seek") await playback.seek(request.timeUs);
  return readBatch(playback);
}

function described(file: MediaFile): ReaderReply {
  const { durationUs, notes } = file;
  const [audio, video] = [file.track("audio"), file.track("video")];
  return { type: "opened", audio, video, durationUs, notes };
}

async function readBatch(from: Playback): Promise<ReaderReply> {
  const items: PlaybackItem[] = [];
  let bytes = 0;
  let done = false;
  while (items.length < BATCH_ITEMS && bytes < BATCH_BYTES) {
    const item = await from.next();
    done = item === null;
    if (item === null) break;
    items.push(item);
    if ("data" in item) bytes += item.data.length;
  }
  return { type: "batch", items, done, gapsClosed: from.gapsClosed };
}
