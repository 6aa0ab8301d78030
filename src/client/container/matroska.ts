/** The Tracks element of a Matroska or WebM file (RFC 9559 5.1.4). */
import type { ContainerTrack } from "./container-track.ts";

/** Tracks stand in front of the first cluster; live recorders leave less than this before them. */
const HEAD_BYTES_MAX = 16 * 2 ** 20;

const Id = {
  segment: 0x18538067,
  cluster: 0x1f43b675,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  contentEncodings: 0x6d80,
  contentEncoding: 0x6240,
  contentEncryption: 0x5035,
} as const;

interface Element {
  readonly id: number;
  readonly content: Uint8Array;
}

/** The tracks; null when the file has no readable Tracks element. */
export async function readMatroskaTracks(blob: Blob): Promise<readonly ContainerTrack[] | null> {
  const head = new Uint8Array(await blob.slice(0, HEAD_BYTES_MAX).arrayBuffer());
  const segment = elementsOf(head).find(({ id }) => id === Id.segment);
  if (segment === undefined) return null;
  const tracks = elementsOf(segment.content).find(({ id }) => id === Id.tracks);
  if (tracks === undefined) return null;
  return elementsOf(tracks.content).flatMap(({ id, content }) =>
    id === Id.trackEntry ? [readEntry(content)] : [],
  );
}

function readEntry(entry: Uint8Array): ContainerTrack {
  const elements = elementsOf(entry);
  const find = (id: number) => elements.find((element) => element.id === id)?.content ?? null;
  const encodings = elementsOf(find(Id.contentEncodings) ?? new Uint8Array(0));
  return {
    id: (find(Id.trackNumber) ?? new Uint8Array(0)).reduce((sum, byte) => sum * 256 + byte, 0),
    format: new TextDecoder().decode(find(Id.codecId) ?? new Uint8Array(0)).replace(/\0+$/, ""),
    configuration: find(Id.codecPrivate),
    encrypted: encodings.some(
      (encoding) =>
        encoding.id === Id.contentEncoding &&
        elementsOf(encoding.content).some(({ id }) => id === Id.contentEncryption),
    ),
    descriptions: 1,
    edits: 1,
  };
}

/**
 * The elements that fill `bytes` (RFC 8794 4 to 6), up to the first cluster or what cannot be read. The
 * last one may be cut off or of unknown size: its content is what is there.
 */
function elementsOf(bytes: Uint8Array): readonly Element[] {
  const elements: Element[] = [];
  let position = 0;
  while (position < bytes.length) {
    const idBytes = Math.clz32(bytes[position]!) - 23;
    if (idBytes > 4 || position + idBytes >= bytes.length) break;
    const id = readNumber(bytes, position, idBytes);
    position += idBytes;
    const sizeBytes = Math.clz32(bytes[position]!) - 23;
    if (sizeBytes > 8 || position + sizeBytes > bytes.length) break;
    const size = readSize(bytes, position, sizeBytes);
    position += sizeBytes;
    const end = Math.min(bytes.length, position + size);
    if (id === Id.cluster) break;
    elements.push({ id, content: bytes.subarray(position, end) });
    position = end;
  }
  return elements;
}

/** RFC 8794 4: the bits behind the marker; all ones (infinite here) stand for an unknown size. */
function readSize(bytes: Uint8Array, offset: number, length: number): number {
  const mask = 0xff >> length;
  let value = bytes[offset]! & mask;
  let ones = value === mask;
  for (let i = 1; i < length; i += 1) {
    ones &&= bytes[offset + i] === 0xff;
    value = value * 256 + bytes[offset + i]!;
  }
  return ones ? Number.POSITIVE_INFINITY : value;
}

function readNumber(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i += 1) value = value * 256 + bytes[offset + i]!;
  return value;
}
