/**
 * Session descriptions as lines. Why not werift's SessionDescription (test/sdp/werift.test.ts keeps
 * it as an independent reader): it throws on an a=fmtp without a=rtpmap, on a bare a=candidate and
 * on a lower-case protocol; forgets extmap directions, a=simulcast, bundle-only and whether
 * extmap-allow-mixed was offered; and searches its SSRCs linearly for each a=ssrc line. This
 * reader is one pass, has limits, interprets nothing and so loses nothing.
 */
import { MEDIA_SECTIONS_MAX, SDP_BYTES_MAX, SDP_LINES_MAX } from "../limits.ts";
import { isProblem, malformed, quote, type SdpProblem, tooLarge } from "./problem.ts";

/** One a= line, split at its first colon. `value` is "" for a flag. */
export interface Attribute {
  readonly key: string;
  readonly value: string;
}

/** One m= line with the a= lines below it. */
export interface ParsedMedia {
  /** Lower case: "audio", "video", "application". */
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly attributes: readonly Attribute[];
}

/** A session description as lines: nothing interpreted, nothing lost. */
export interface ParsedSdp {
  readonly attributes: readonly Attribute[];
  readonly media: readonly ParsedMedia[];
}

interface Line {
  /** 1-based, for problem details. */
  readonly number: number;
  readonly type: string;
  readonly value: string;
}

/**
 * Reads a session description (RFC 8866). CRLF, LF and a missing last line end are all taken.
 * Errors: 400 for what is not SDP, 413 beyond SDP_BYTES_MAX, SDP_LINES_MAX, MEDIA_SECTIONS_MAX.
 */
export function parseSdp(text: string): ParsedSdp | SdpProblem {
  const lines = splitLines(text);
  if (isProblem(lines)) return lines;
  const first = lines[0];
  if (first === undefined) return malformed("The body is empty; send an SDP offer.");
  if (first.type !== "v" || first.value.trim() !== "0") {
    return malformed(`Line ${first.number} must be v=0; a session description begins with it.`);
  }
  return readSections(lines);
}

/** Reads an ICE fragment (RFC 8840 9): a session description without v=, o=, s= and t= lines. */
export function parseFragment(text: string): ParsedSdp | SdpProblem {
  const lines = splitLines(text);
  if (isProblem(lines)) return lines;
  return readSections(lines);
}

function splitLines(text: string): readonly Line[] | SdpProblem {
  // UTF-16 units are never more than UTF-8 bytes; the HTTP door counts the bytes themselves.
  if (text.length > SDP_BYTES_MAX) {
    return tooLarge(`The body is longer than ${SDP_BYTES_MAX} bytes.`);
  }
  const raw = text.split("\n", SDP_LINES_MAX + 2);
  if (raw.length > SDP_LINES_MAX + 1) {
    return tooLarge(`The body has more than ${SDP_LINES_MAX} lines.`);
  }
  const lines: Line[] = [];
  for (let i = 0; i < raw.length; i++) {
    const line = withoutReturn(raw[i] ?? "");
    if (line === "") continue;
    if (line[1] !== "=" || line < "a" || line >= "{" || hasControl(line)) {
      return malformed(`Line ${i + 1} (${quote(line)}) is not of the form letter=value.`);
    }
    lines.push({ number: i + 1, type: line.charAt(0), value: line.slice(2) });
  }
  return lines;
}

function readSections(lines: readonly Line[]): ParsedSdp | SdpProblem {
  const session: Attribute[] = [];
  const media: ParsedMedia[] = [];
  let attributes = session;
  for (const line of lines) {
    if (line.type === "a") {
      attributes.push(splitAttribute(line.value));
    } else if (line.type === "m") {
      if (media.length === MEDIA_SECTIONS_MAX) {
        return tooLarge(`The body has more than ${MEDIA_SECTIONS_MAX} m= lines.`);
      }
      attributes = [];
      const section = readMediaLine(line, attributes);
      if (isProblem(section)) return section;
      media.push(section);
    }
  }
  return { attributes: session, media };
}

/** m=<media> <port>[/<count>] <proto> <fmt> ... (RFC 8866 5.14). */
function readMediaLine(line: Line, attributes: Attribute[]): ParsedMedia | SdpProblem {
  const words = line.value.split(" ").filter((word) => word !== "");
  const [kind, portText, protocol, ...formats] = words;
  const port = Number(/^\d{1,5}(?=$|\/)/.exec(portText ?? "")?.[0] ?? Number.NaN);
  if (kind === undefined || protocol === undefined || formats.length === 0 || !(port <= 65535)) {
    return malformed(
      `Line ${line.number} (${quote(`m=${line.value}`)}) must be m=<media> <port> <proto> <fmt>.`,
    );
  }
  return { kind: kind.toLowerCase(), port, protocol, formats, attributes };
}

function splitAttribute(value: string): Attribute {
  const colon = value.indexOf(":");
  if (colon < 0) return { key: value.trim(), value: "" };
  return { key: value.slice(0, colon), value: value.slice(colon + 1).trim() };
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** NUL, CR inside a line and other control characters never belong into SDP; tabs do no harm. */
function hasControl(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}
