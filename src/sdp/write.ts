/** Writing of answers: RFC 9429 5.3.1, RFC 9143, RFC 8858, RFC 8840. */
import type { MediaFormat, MediaSection } from "../contract/session.ts";
import { EXTENSION_URIS } from "../wire/extensions.ts";
import { mirrored } from "./direction.ts";
import type { OfferedExtension } from "./extmap.ts";
import type { LocalCandidate, LocalDescription } from "./local.ts";
import { feedbackOf } from "./negotiate.ts";
import type { OfferSection } from "./section.ts";

/** One m-section of an answer; `media` null rejects the offered section. */
export interface AnswerSection {
  readonly offered: OfferSection;
  readonly media: MediaSection | null;
  readonly extensions: readonly OfferedExtension[];
  /** What to write as a=fmtp, by payload type. */
  readonly fmtp: ReadonlyMap<number, string>;
}

export interface AnswerFrame {
  readonly direction: "recvonly" | "sendonly";
  readonly setup: "active" | "passive";
  /** Accepted mids in the order of the offer's group; empty without BUNDLE. */
  readonly bundle: readonly string[];
  readonly extmapAllowMixed: boolean;
  readonly sections: readonly AnswerSection[];
}

/** The lines that an answer and a restart fragment share (RFC 9725 4.3.3 wants them identical). */
export const ICE_SESSION_LINES: readonly string[] = ["a=ice-lite", "a=ice-options:trickle"];

/** Starts with "v=", has CRLF ends. */
export function writeAnswer(local: LocalDescription, frame: AnswerFrame): string {
  const lines = [...originLines(local), ...ICE_SESSION_LINES];
  if (frame.bundle.length > 0) lines.push(`a=group:BUNDLE ${frame.bundle.join(" ")}`);
  if (frame.extmapAllowMixed) lines.push("a=extmap-allow-mixed");
  if (frame.direction === "sendonly") lines.push(`a=msid-semantic:WMS ${local.streamId}`);
  const accepted = frame.sections.filter((section) => section.media !== null);
  const tagged = accepted.find((section) => section.offered.mid === frame.bundle[0]) ?? accepted[0];
  for (const section of frame.sections) {
    if (section.media === null) {
      lines.push(...rejectedLines(section.offered));
    } else {
      lines.push(...acceptedLines(local, frame, section, section.media));
      // RFC 9143 7.3.4 and 10: candidates stand in the tagged section, they count for all.
      if (section === tagged) lines.push(...candidateLines(local.candidates));
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** v=, o=, s=, t= (RFC 9429 5.2.1). */
export function originLines(local: Pick<LocalDescription, "sessionId">): readonly string[] {
  return ["v=0", `o=- ${local.sessionId} 1 IN IP4 127.0.0.1`, "s=-", "t=0 0"];
}

/** Type preferences of host candidates (RFC 8445 5.1.2.1): TCP where UDP does not get through. */
const UDP_PREFERENCE = 126;
const TCP_PREFERENCE = 90;
/** RFC 6544 4.2: the direction, passive, in the local preference's upper bits. */
const PASSIVE = 4 << 13;
const LAST_OF_DIRECTION = (1 << 13) - 1;

/**
 * All our candidates, IPv4 first: FFmpeg uses the first only. Priorities as RFC 8421 4 and RFC 8445
 * 5.1.2.1 have them: type preference of a host, falling local preference, component 1. TCP comes last.
 */
export function candidateLines(candidates: readonly LocalCandidate[]): readonly string[] {
  const rank = ({ family, tcp = false }: LocalCandidate) => (tcp ? 10 : 0) + family;
  const ordered = [...candidates].sort((a, b) => rank(a) - rank(b));
  const lines = ordered.map(({ address, port, tcp = false }, index) => {
    const local = tcp ? PASSIVE + LAST_OF_DIRECTION - index : 65535 - index;
    const priority = (tcp ? TCP_PREFERENCE : UDP_PREFERENCE) * 2 ** 24 + local * 2 ** 8 + 255;
    const [protocol, suffix] = tcp ? ["tcp", " tcptype passive"] : ["udp", ""];
    return `a=candidate:${index + 1} 1 ${protocol} ${priority} ${address} ${port} typ host${suffix}`;
  });
  return [...lines, "a=end-of-candidates"];
}

export function transportLines(
  local: Pick<LocalDescription, "ufrag" | "pwd" | "fingerprint">,
  setup: string,
): readonly string[] {
  return [
    `a=ice-ufrag:${local.ufrag}`,
    `a=ice-pwd:${local.pwd}`,
    `a=fingerprint:${local.fingerprint}`,
    `a=setup:${setup}`,
  ];
}

/** a=rtpmap, a=rtcp-fb and a=fmtp of one format and of its RTX or RED. */
export function formatLines(
  format: MediaFormat,
  encodingName: string,
  fmtp: string,
): readonly string[] {
  const { payloadType, rtxPayloadType, redPayloadType, clockRate, channels } = format;
  const rate = channels > 1 ? `${clockRate}/${channels}` : `${clockRate}`;
  const lines = [`a=rtpmap:${payloadType} ${encodingName}/${rate}`];
  for (const feedback of feedbackOf(format)) lines.push(`a=rtcp-fb:${payloadType} ${feedback}`);
  if (fmtp !== "") lines.push(`a=fmtp:${payloadType} ${fmtp}`);
  if (rtxPayloadType !== null) {
    lines.push(`a=rtpmap:${rtxPayloadType} rtx/${clockRate}`);
    lines.push(`a=fmtp:${rtxPayloadType} apt=${payloadType}`);
  }
  if (redPayloadType !== null) {
    lines.push(`a=rtpmap:${redPayloadType} red/${rate}`);
    lines.push(`a=fmtp:${redPayloadType} ${payloadType}/${payloadType}`);
  }
  return lines;
}

/**
 * a=msid once and the SSRCs that we send. Each SSRC of a FID group needs its own a=ssrc line:
 * Chromium rejects the group otherwise, Firefox drops the repaired frames.
 */
export function ssrcLines(
  local: Pick<LocalDescription, "cname" | "streamId">,
  media: MediaSection,
): readonly string[] {
  const lines = [`a=msid:${local.streamId} ${local.streamId}-${media.kind}`];
  for (const [index, ssrc] of media.ssrcs.entries()) {
    const rtx = media.rtxSsrcs[index];
    if (rtx !== undefined) lines.push(`a=ssrc-group:FID ${ssrc} ${rtx}`);
  }
  for (const [index, ssrc] of media.ssrcs.entries()) {
    const rtx = media.rtxSsrcs[index];
    lines.push(`a=ssrc:${ssrc} cname:${local.cname}`);
    if (rtx !== undefined) lines.push(`a=ssrc:${rtx} cname:${local.cname}`);
  }
  return lines;
}

/**
 * Payload types of an m= line: each codec followed by its RTX, and by its RED unless the offer has
 * that first: browsers send what an answer names first, so that it stays the offerer's choice.
 */
export function payloadTypes(
  formats: readonly MediaFormat[],
  offered: readonly string[] = [],
): string {
  const place = (payloadType: number) => offered.indexOf(String(payloadType));
  return formats
    .flatMap(({ payloadType, rtxPayloadType, redPayloadType: red }) => {
      const wrapped = [rtxPayloadType, red].filter((each) => each !== null);
      const redFirst = red !== null && place(red) >= 0 && place(red) < place(payloadType);
      return redFirst ? [red, payloadType] : [payloadType, ...wrapped];
    })
    .join(" ");
}

function acceptedLines(
  local: LocalDescription,
  frame: AnswerFrame,
  section: AnswerSection,
  media: MediaSection,
): readonly string[] {
  const { offered } = section;
  // Port 9 and 0.0.0.0, as every JSEP peer writes (RFC 9429 5.2.1); candidates tell the rest.
  const lines = [
    `m=${offered.mediaType} 9 ${offered.protocol} ${payloadTypes(media.formats, offered.rawFormats)}`,
  ];
  lines.push("c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0");
  if (offered.mid !== "") lines.push(`a=mid:${offered.mid}`);
  lines.push(...transportLines(local, frame.setup), `a=${frame.direction}`, "a=rtcp-mux");
  if (offered.bundled) lines.push("a=rtcp-mux-only"); // RFC 8858 3, RFC 9725 4.4.1
  if (offered.rtcpReducedSize) lines.push("a=rtcp-rsize");
  if (offered.extmapAllowMixed) lines.push("a=extmap-allow-mixed");
  for (const { name, id, direction } of section.extensions) {
    const suffix = direction === null ? "" : `/${mirrored(direction)}`;
    lines.push(`a=extmap:${id}${suffix} ${EXTENSION_URIS[name]}`);
  }
  for (const format of media.formats) {
    const { payloadType } = format;
    const same = offered.formats.find((other) => other.payloadType === payloadType);
    const name = same?.encodingName ?? format.codec;
    lines.push(...formatLines(format, name, section.fmtp.get(payloadType) ?? ""));
  }
  if (frame.direction === "sendonly") lines.push(...ssrcLines(local, media));
  // RFC 8853 5.3.2: every offered layer, in the offer's order of preference.
  if (frame.direction === "recvonly" && media.rids.length > 0) {
    for (const rid of media.rids) lines.push(`a=rid:${rid} recv`);
    lines.push(`a=simulcast:recv ${media.rids.join(";")}`);
  }
  return lines;
}

/** Port 0 and one format, since the grammar wants one (RFC 3264 6, RFC 9429 5.3.1). */
function rejectedLines(offered: OfferSection): readonly string[] {
  const lines = [`m=${offered.mediaType} 0 ${offered.protocol} ${offered.rawFormats[0]}`];
  lines.push("c=IN IP4 0.0.0.0");
  if (offered.mid !== "") lines.push(`a=mid:${offered.mid}`);
  lines.push("a=inactive");
  return lines;
}
