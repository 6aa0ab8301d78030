/** Sample descriptions and edit lists of an MP4 or QuickTime file (ISO/IEC 14496-12 8.5.2, 8.6.6). */
import { readU32 } from "../../wire/bytes.ts";
import { type Box, boxAt, boxesOf, readBoxHeader } from "./boxes.ts";
import type { ContainerTrack } from "./container-track.ts";

/** Longer movie boxes are not read: an hour of 60 pictures a second takes some 5 MB. */
const MOOV_BYTES_MAX = 256 * 2 ** 20;
/** Boxes at the top of a file before its movie box; fragments come behind it. */
const TOP_BOXES_MAX = 100_000;

/** Bytes of the fields in front of the boxes of a sample entry (8.5.2, 12.1.3, 12.2.3). */
const VIDEO_FIELDS = 78;
const AUDIO_FIELDS = 28;
const CONFIGURATIONS = ["avcC", "hvcC", "av1C", "vpcC", "dOps"];

/** The tracks of the movie box; null when the file has none. */
export async function readMp4Tracks(blob: Blob): Promise<readonly ContainerTrack[] | null> {
  const moov = await findMoov(blob);
  if (moov === null) return null;
  return boxesOf(moov).flatMap(({ type, content }) => {
    const track = type === "trak" ? readTrack(content) : null;
    return track === null ? [] : [track];
  });
}

async function findMoov(blob: Blob): Promise<Uint8Array | null> {
  let position = 0;
  for (let i = 0; i < TOP_BOXES_MAX; i += 1) {
    const head = readBoxHeader(await bytesOf(blob, position, position + 16), 0);
    if (head === null) return null;
    const size = head.size === 0 ? blob.size - position : head.size;
    if (size < head.header) return null;
    if (head.type === "moov") {
      if (size > MOOV_BYTES_MAX || position + size > blob.size) return null;
      return bytesOf(blob, position + head.header, position + size);
    }
    position += size;
  }
  return null;
}

function readTrack(trak: Uint8Array): ContainerTrack | null {
  const header = boxAt(trak, "tkhd");
  const table = boxAt(trak, "mdia", "minf", "stbl", "stsd");
  const handler = boxAt(trak, "mdia", "hdlr");
  if (header === null || table === null || handler === null || handler.length < 12) return null;
  // 8.3.2: version 1 has 64-bit times in front of the track_ID.
  const idAt = header[0] === 1 ? 20 : 12;
  if (header.length < idAt + 4 || table.length < 8) return null;
  const fields = isVideo(handler) ? VIDEO_FIELDS : AUDIO_FIELDS;
  const entries = boxesOf(table.subarray(8));
  const used = usedBy(entries, boxAt(trak, "mdia", "minf", "stbl", "stsc"));
  const first = used[0];
  if (first === undefined) return null;
  return {
    id: readU32(header, idAt),
    format: first.type,
    configuration: configurationOf(first.content, fields),
    encrypted: entries.some(({ type }) => type === "encv" || type === "enca"),
    descriptions: new Set(used.map(({ type, content }) => `${type}${content.toHex()}`)).size,
    edits: countEdits(boxAt(trak, "edts", "elst")),
  };
}

/**
 * The sample descriptions that the chunks name (8.7.4), in order; all of them where fragments do. Some
 * writers leave one behind that nothing uses.
 */
function usedBy(entries: readonly Box[], chunks: Uint8Array | null): readonly Box[] {
  const named = new Set<number>();
  for (let at = 8; chunks !== null && at + 12 <= chunks.length; at += 12) {
    named.add(readU32(chunks, at + 8));
  }
  return named.size === 0 ? entries : entries.filter((_, index) => named.has(index + 1));
}

function isVideo(handler: Uint8Array): boolean {
  return String.fromCharCode(...handler.subarray(8, 12)) === "vide";
}

function configurationOf(entry: Uint8Array, fields: number): Uint8Array | null {
  // QuickTime sound descriptions of version 1 and 2 have more fields; none of our codecs needs them.
  const boxes = entry.length < fields ? [] : boxesOf(entry.subarray(fields));
  return boxes.find(({ type }) => CONFIGURATIONS.includes(type))?.content ?? null;
}

/** Entries that show media; those with media_time -1 are empty and only move the start. */
function countEdits(list: Uint8Array | null): number {
  if (list === null || list.length < 8) return 1;
  const wide = list[0] === 1;
  const entryBytes = wide ? 20 : 12;
  let edits = 0;
  for (let at = 8; at + entryBytes <= list.length; at += entryBytes) {
    const mediaTime = at + (wide ? 8 : 4);
    if (readU32(list, mediaTime) !== 0xffffffff) edits += 1;
  }
  return Math.max(1, edits);
}

/** Fewer bytes at the end of the file. */
async function bytesOf(blob: Blob, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await blob.slice(start, end).arrayBuffer());
}
