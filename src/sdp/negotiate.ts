/** Which formats, extensions and feedback of an offered section we take. */
import type { MediaFormat, MediaSection } from "../contract/session.ts";
import { EXTENSION_TABLE_LENGTH, Extension, type ExtensionName } from "../wire/extensions.ts";
import { receives, sends } from "./direction.ts";
import type { OfferedExtension } from "./extmap.ts";
import type { OfferedFormat } from "./formats.ts";
import type { OfferSection } from "./section.ts";

/** We receive these; playout-delay is ours to set, and we measure by transport-cc alone. */
const FROM_PUBLISHER: ReadonlySet<ExtensionName> = new Set<ExtensionName>([
  "mid",
  "rid",
  "repairedRid",
  "transportCc",
  "absCaptureTime",
  "audioLevel",
  "videoOrientation",
  "colorSpace",
  "dependencyDescriptor",
  "videoContentType",
]);

/** What viewers are sent. Not MID: our answers name the SSRC of each section (RFC 8843 9.2 lets that
 * do), and what is accepted would have to be sent (RFC 9143). */
const TO_VIEWER: ReadonlySet<ExtensionName> = new Set<ExtensionName>([
  "transportCc",
  "absSendTime",
  "absCaptureTime",
  "audioLevel",
  "videoOrientation",
  "colorSpace",
  "dependencyDescriptor",
  "videoContentType",
  "playoutDelay",
]);

/** A one-byte element holds 16 bytes (RFC 8285 4.2); a longer mid cannot travel in one. */
const MID_BYTES_MAX = 16;

/**
 * The extensions of `section` that we use, never more than offered. `mixed`: two-byte elements are
 * allowed (RFC 8285 6), without which ids above 14 do not exist.
 */
export function acceptExtensions(
  section: OfferSection,
  role: "publisher" | "viewer",
  mixed: boolean,
): readonly OfferedExtension[] {
  const wanted = role === "publisher" ? FROM_PUBLISHER : TO_VIEWER;
  const flows = role === "publisher" ? sends : receives;
  return section.extensions.filter(({ name, id, direction }) => {
    if (!wanted.has(name) || !flows(direction)) return false;
    if (id > 14 && !mixed) return false;
    if (name === "mid") return section.mid !== "" && section.mid.length <= MID_BYTES_MAX;
    if (name === "transportCc") return section.formats.some(offersTransportCc);
    // Receivers without transport-cc estimate by it themselves, and tell us by REMB.
    if (name === "absSendTime") return !section.formats.some(offersTransportCc);
    return true;
  });
}

/** Header extension ids by internal id, 0 where not accepted. */
function extensionTable(accepted: readonly OfferedExtension[]): readonly number[] {
  const table = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  for (const { name, id } of accepted) table[Extension[name]] = id;
  return table;
}

/**
 * The format as both ends know it. Feedback is taken only where offered, and transport-cc only
 * with its header extension.
 */
function acceptFormat(format: OfferedFormat, extensionIds: readonly number[]): MediaFormat {
  const video = format.codec !== "opus";
  const offers = (value: string): boolean => format.feedback.includes(value);
  return {
    codec: format.codec,
    payloadType: format.payloadType,
    rtxPayloadType: format.rtxPayloadType,
    redPayloadType: format.redPayloadType,
    clockRate: format.clockRate,
    channels: format.channels,
    fmtp: format.fmtp,
    nack: offers("nack"),
    pli: video && offers("nack pli"),
    fir: video && offers("ccm fir"),
    remb: video && offers("goog-remb"),
    transportCc: offersTransportCc(format) && extensionIds[Extension.transportCc] !== 0,
  };
}

/** What the a=rtcp-fb lines of an accepted format are. */
export function feedbackOf(format: MediaFormat): readonly string[] {
  const lines: string[] = [];
  if (format.remb) lines.push("goog-remb");
  if (format.transportCc) lines.push("transport-cc");
  if (format.fir) lines.push("ccm fir");
  if (format.nack) lines.push("nack");
  if (format.pli) lines.push("nack pli");
  return lines;
}

/** The common part of both roles; their ids are the caller's. `mixed`: see acceptExtensions. */
export function acceptSection(
  section: OfferSection & { readonly kind: MediaSection["kind"] },
  formats: readonly OfferedFormat[],
  extensions: readonly OfferedExtension[],
  mixed: boolean,
  ids: Pick<MediaSection, "ssrcs" | "rtxSsrcs" | "rids">,
): MediaSection {
  const extensionIds = extensionTable(extensions);
  return {
    mid: section.mid,
    kind: section.kind,
    formats: formats.map((format) => acceptFormat(format, extensionIds)),
    extensionIds,
    mixedExtensions: mixed,
    ...ids,
  };
}

function offersTransportCc(format: OfferedFormat): boolean {
  return format.feedback.includes("transport-cc");
}
