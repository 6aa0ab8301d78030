import { STREAM_NAME_LENGTH_MAX } from "../../limits.ts";
import { CODEC_NAMES, type CodecName, type MediaKind } from "../codecs.ts";
import type { Elements } from "./elements.ts";
import { Message, NODE_ID_BYTES, STREAM_RINGS_MAX } from "./kinds.ts";

const FMTP_MAX = 1024;
const RID_MAX = 64;
/** 2^31 publishers of one name. */
export const EPOCH_MAX = 2 ** 31;

/** One ring of a stream, as its publisher announced it. */
export interface NamedTrack {
  readonly kind: MediaKind;
  /** Null without simulcast. */
  readonly rid: string | null;
  readonly codec: CodecName;
  readonly fmtp: string;
  readonly channels: number;
}

/** Which stream it is: of two with one name the one with the higher epoch, then the higher owner. */
export interface NameKey {
  readonly name: string;
  readonly epoch: number;
  /** Id of the node that its publisher is at. */
  readonly owner: Uint8Array;
}

/** NAME: who tells it publishes this, or (`relayed`) a node that it has a link with does. */
export interface Name extends NameKey {
  readonly relayed: boolean;
  /** In the order of its rings: the audio first, then the video, the highest layer first. */
  readonly tracks: readonly NamedTrack[];
}

export function writeName(name: Name): unknown[] {
  return [
    Message.name,
    name.name,
    name.epoch,
    name.owner,
    name.relayed,
    name.tracks.map(({ kind, rid, codec, fmtp, channels }) => [
      kind === "video" ? 1 : 0,
      rid,
      CODEC_NAMES.indexOf(codec),
      fmtp,
      channels,
    ]),
  ];
}

export function readName(elements: Elements): Name | null {
  const name: Name = {
    ...readKey(elements),
    relayed: elements.boolean(),
    tracks: elements.list(STREAM_RINGS_MAX, (each) => each.nested(readTrack)),
  };
  const audios = name.tracks.filter(({ kind }) => kind === "audio").length;
  const ordered = audios === 0 || (audios === 1 && name.tracks[0]!.kind === "audio");
  return elements.ok && ordered && name.tracks.length > 0 ? name : null;
}

/** UNNAME: nobody publishes it there any more. */
export function writeUnname({ name, epoch, owner }: NameKey): unknown[] {
  return [Message.unname, name, epoch, owner];
}

export function readUnname(elements: Elements): NameKey | null {
  const key = readKey(elements);
  return elements.ok ? key : null;
}

export function readKey(elements: Elements): NameKey {
  const name = elements.text(STREAM_NAME_LENGTH_MAX);
  if (name === "") elements.ok = false;
  return { name, epoch: elements.uint(EPOCH_MAX), owner: elements.bytes(NODE_ID_BYTES) };
}

function readTrack(elements: Elements): NamedTrack {
  const kind = elements.uint(1) === 1 ? "video" : "audio";
  const rid = elements.optionalText(RID_MAX);
  const codec = CODEC_NAMES[elements.uint(CODEC_NAMES.length - 1)]!;
  if (codec === "none" || (codec === "opus") !== (kind === "audio")) elements.ok = false;
  return {
    kind,
    rid,
    codec: codec as CodecName,
    fmtp: elements.text(FMTP_MAX),
    channels: elements.uint(8),
  };
}
