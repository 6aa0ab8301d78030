/** What a client of ours offers: who it is, and the media of a publisher. */
import type { Fingerprint, MediaFormat, MediaSection } from "../contract/session.ts";
import type { ClientOffer } from "../sdp/client.ts";
import { EXTENSION_TABLE_LENGTH } from "../wire/extensions.ts";
import type { FileTrack } from "./media.ts";

const PAYLOAD_TYPES = { audio: 111, video: 96, rtx: 97 } as const;

/** Identity of one session; `random` fills its argument. */
export function offerOf(
  role: ClientOffer["role"],
  media: ClientOffer["media"],
  fingerprint: Fingerprint,
  random: (out: Uint8Array) => void,
): ClientOffer {
  const bytes = new Uint8Array(42);
  random(bytes);
  const text = (from: number, to: number) => bytes.subarray(from, to).toBase64();
  const id = new DataView(bytes.buffer).getUint32(36) * 65_536 + bytes[40]! * 256 + bytes[41]!;
  return {
    role,
    ufrag: text(0, 6),
    pwd: text(6, 24),
    fingerprint: `${fingerprint.algorithm} ${fingerprint.value}`,
    sessionId: String(id),
    // RFC 7022 4.2: 96 bits.
    cname: text(24, 36),
    streamId: "spillway",
    media,
  };
}

/**
 * One section a track. SSRCs are announced and header extensions are not offered: one BUNDLE of two
 * streams needs neither mid nor rid. `random` gives a whole number below its argument.
 */
export function offeredSections(
  audio: FileTrack | null,
  video: FileTrack | null,
  random: (limit: number) => number,
): readonly MediaSection[] {
  const used = new Set<number>();
  const ssrc = (): number => {
    let value = 0;
    while (value === 0 || used.has(value)) value = random(2 ** 32);
    used.add(value);
    return value;
  };
  const sections: MediaSection[] = [];
  if (audio !== null) {
    const format = formatOf(audio, PAYLOAD_TYPES.audio, null);
    sections.push(section("0", "audio", format, [ssrc()], []));
  }
  if (video !== null) {
    const format = formatOf(video, PAYLOAD_TYPES.video, PAYLOAD_TYPES.rtx);
    sections.push(section(String(sections.length), "video", format, [ssrc()], [ssrc()]));
  }
  return sections;
}

/**
 * The offered sections that the server took, with its payload types and extensions and without what
 * it refused.
 */
export function acceptedSections(
  offered: readonly MediaSection[],
  answered: readonly MediaSection[],
): readonly MediaSection[] {
  return answered.flatMap((answer) => {
    const ours = offered.find((section) => section.mid === answer.mid);
    const format = answer.formats.find((each) => each.codec === ours?.formats[0]?.codec);
    if (ours === undefined || format === undefined) return [];
    const rids = ours.rids.filter((rid) => answer.rids.includes(rid));
    return [{ ...ours, formats: [format], extensionIds: answer.extensionIds, rids }];
  });
}

function section(
  mid: string,
  kind: MediaSection["kind"],
  format: MediaFormat,
  ssrcs: readonly number[],
  rtxSsrcs: readonly number[],
): MediaSection {
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  return {
    mid,
    kind,
    formats: [format],
    extensionIds,
    mixedExtensions: true,
    ssrcs,
    rtxSsrcs,
    rids: [],
  };
}

function formatOf(track: FileTrack, payloadType: number, rtx: number | null): MediaFormat {
  const video = track.codec !== "opus";
  return {
    codec: track.codec,
    payloadType,
    rtxPayloadType: rtx,
    redPayloadType: null,
    clockRate: track.clockRate,
    channels: track.channels,
    fmtp: track.fmtp,
    nack: true,
    pli: video,
    fir: false,
    remb: false,
    transportCc: false,
  };
}
