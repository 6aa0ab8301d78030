import type { CodecName, MediaKind } from "../wire/codecs.ts";
import { kindOf } from "../wire/codecs.ts";
import { decimal, headAndRest } from "./attributes.ts";
import { fmtpParameters } from "./fmtp.ts";
import type { ParsedMedia } from "./parse.ts";

/** A codec of an offer that we forward, with its rtx and red payload types. */
export interface OfferedFormat {
  readonly codec: CodecName;
  /** Encoding name as offered ("OPUS", "opus"), for the echo. */
  readonly encodingName: string;
  readonly payloadType: number;
  readonly rtxPayloadType: number | null;
  /** Opus RED that wraps this payload type (RFC 2198). */
  readonly redPayloadType: number | null;
  readonly clockRate: number;
  readonly channels: number;
  readonly fmtp: string;
  /** rtcp-fb values, lower case: "nack", "nack pli", "ccm fir", "goog-remb", "transport-cc". */
  readonly feedback: readonly string[];
}

/** Everything that lines of one m-section say of one payload type. */
interface FormatLines {
  name: string;
  clockRate: number;
  channels: number;
  fmtp: string;
  readonly feedback: string[];
}

const FORWARDED: ReadonlyMap<string, CodecName> = new Map([
  ["opus", "opus"],
  ["h264", "h264"],
  ["h265", "h265"],
  ["vp8", "vp8"],
  ["vp9", "vp9"],
  ["av1", "av1"],
]);

/**
 * The forwardable codecs of a section, in the order of its m= line. Others (G722, ulpfec,
 * multiopus, ...) are left out, and so are payload types 64-95: with rtcp-mux their packets look
 * like RTCP (RFC 5761 4).
 */
export function readFormats(media: ParsedMedia, kind: MediaKind): readonly OfferedFormat[] {
  const lines = readLines(media);
  const order = [...lines.keys()];
  const wrapped = { rtx: new Map<number, number>(), red: new Map<number, number>() };
  for (const payloadType of order) {
    const format = lines.get(payloadType);
    if (format === undefined) continue;
    const primary = wrappedBy(format);
    if (primary === null) continue;
    const links = format.name.toLowerCase() === "rtx" ? wrapped.rtx : wrapped.red;
    if (!links.has(primary)) links.set(primary, payloadType);
  }
  const formats: OfferedFormat[] = [];
  for (const payloadType of order) {
    const format = lines.get(payloadType);
    const codec = format && FORWARDED.get(format.name.toLowerCase());
    if (format === undefined || codec === undefined || kindOf(codec) !== kind) continue;
    if (format.clockRate !== (kind === "audio" ? 48_000 : 90_000)) continue;
    formats.push({
      codec,
      encodingName: format.name,
      payloadType,
      rtxPayloadType: kind === "video" ? (wrapped.rtx.get(payloadType) ?? null) : null,
      redPayloadType: kind === "audio" ? (wrapped.red.get(payloadType) ?? null) : null,
      clockRate: format.clockRate,
      channels: format.channels,
      fmtp: format.fmtp,
      feedback: format.feedback,
    });
  }
  return formats;
}

/** Names of the codecs in a section, for problem details. */
export function encodingNames(media: ParsedMedia): readonly string[] {
  return [...new Set([...readLines(media).values()].map((format) => format.name))];
}

/** Lines by payload type, in the order of the m= line, only those with an a=rtpmap. */
function readLines(media: ParsedMedia): ReadonlyMap<number, FormatLines> {
  const formats = new Map<number, FormatLines>();
  for (const text of media.formats) {
    const payloadType = decimal(text, 127);
    if (payloadType === null || (payloadType >= 64 && payloadType <= 95)) continue;
    if (formats.has(payloadType)) continue;
    formats.set(payloadType, { name: "", clockRate: 0, channels: 1, fmtp: "", feedback: [] });
  }
  for (const { key, value } of media.attributes) {
    if (key !== "rtpmap" && key !== "fmtp" && key !== "rtcp-fb") continue;
    const [target, rest] = headAndRest(value);
    if (key === "rtcp-fb" && target === "*") {
      for (const format of formats.values()) addFeedback(format, rest);
      continue;
    }
    const format = formats.get(decimal(target, 127) ?? -1);
    if (format === undefined) continue;
    if (key === "rtpmap") applyRtpmap(format, rest);
    else if (key === "fmtp") format.fmtp = format.fmtp === "" ? rest : `${format.fmtp};${rest}`;
    else addFeedback(format, rest);
  }
  for (const [payloadType, format] of formats) {
    if (format.name === "") formats.delete(payloadType);
  }
  return formats;
}

/** <encoding name>/<clock rate>[/<channels>]; the first a=rtpmap of a payload type counts. */
function applyRtpmap(format: FormatLines, value: string): void {
  if (format.name !== "") return;
  const [name, clockRate, channels] = value.split("/", 3);
  if (name === undefined || !/^[!-~]{1,32}$/.test(name)) return;
  format.name = name;
  format.clockRate = decimal(clockRate ?? "", 1_000_000) ?? 0;
  format.channels = decimal(channels ?? "", 255) ?? 1;
}

function addFeedback(format: FormatLines, value: string): void {
  // More kinds exist than we use; sixteen hold all of any client and bound the memory.
  const feedback = value.toLowerCase();
  if (format.feedback.length < 16 && !format.feedback.includes(feedback)) {
    format.feedback.push(feedback);
  }
}

/** The payload type inside rtx (apt=96, RFC 4588 8.1) or red (111/111, RFC 2198 5). */
function wrappedBy(format: FormatLines): number | null {
  const name = format.name.toLowerCase();
  if (name === "rtx") return decimal(fmtpParameters(format.fmtp).get("apt") ?? "", 127);
  if (name === "red") return decimal(format.fmtp.split("/", 1)[0] ?? "", 127);
  return null;
}
