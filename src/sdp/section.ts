import type { MediaKind } from "../wire/codecs.ts";
import { firstValue, hasFlag } from "./attributes.ts";
import { type Direction, readDirection } from "./direction.ts";
import { type OfferedExtension, readExtensions } from "./extmap.ts";
import { encodingNames, type OfferedFormat, readFormats } from "./formats.ts";
import type { ParsedMedia, ParsedSdp } from "./parse.ts";
import { isProblem, malformed, quote, type SdpProblem } from "./problem.ts";
import { readRids, readSsrcs, readStreamIds } from "./stream-ids.ts";

/** One m-section of an offer or answer. */
export interface OfferSection {
  /** "" when the section has none, which only a single unbundled section may. */
  readonly mid: string;
  /** "other" is never served (m=application and the like). */
  readonly kind: MediaKind | "other";
  /** The m= line's own words, for the echo. */
  readonly mediaType: string;
  readonly protocol: string;
  readonly rawFormats: readonly string[];
  /** Port 0 without bundle-only: the offerer itself has switched this section off. */
  readonly disabled: boolean;
  readonly bundled: boolean;
  readonly rtcpMux: boolean;
  readonly rtcpReducedSize: boolean;
  readonly direction: Direction;
  /** Forwardable codecs in the offer's order; may be empty. */
  readonly formats: readonly OfferedFormat[];
  /** All codecs of the section, for problem details. */
  readonly encodingNames: readonly string[];
  readonly extensions: readonly OfferedExtension[];
  /** a=extmap-allow-mixed in this section. */
  readonly extmapAllowMixed: boolean;
  /** MediaStream ids of a=msid, without "-". */
  readonly streamIds: readonly string[];
  readonly ssrcs: readonly number[];
  /** RTX SSRC of each of `ssrcs`, in that order, or empty. */
  readonly rtxSsrcs: readonly number[];
  /** rids of a=simulcast:send in its order of preference; empty without simulcast. */
  readonly rids: readonly string[];
  /** rids of a=simulcast:recv: in an answer, the layers that the other end takes. */
  readonly receivedRids: readonly string[];
}

/** Reads the section at `index`. Errors: 400 for a bad mid, 413 for too many SSRCs. */
export function readSection(
  parsed: ParsedSdp,
  index: number,
  bundledMids: readonly string[],
): OfferSection | SdpProblem {
  const media = parsed.media[index] as ParsedMedia;
  const { attributes } = media;
  const mid = firstValue(attributes, "mid") ?? "";
  if (!/^[!-~]{0,64}$/.test(mid)) {
    return malformed(`a=mid ${quote(mid)} in section ${index} is not a token of 64 characters.`);
  }
  const ssrcs = readSsrcs(attributes);
  if (isProblem(ssrcs)) return ssrcs;
  const rids = readRids(attributes, "send");
  if (isProblem(rids)) return rids;
  const receivedRids = readRids(attributes, "recv");
  if (isProblem(receivedRids)) return receivedRids;
  const kind = media.kind === "audio" || media.kind === "video" ? media.kind : "other";
  return {
    mid,
    kind,
    mediaType: media.kind,
    protocol: media.protocol,
    rawFormats: media.formats,
    // RFC 9143 6: a bundle-only section has port 0 and is alive all the same.
    disabled: media.port === 0 && !hasFlag(attributes, "bundle-only"),
    bundled: bundledMids.includes(mid),
    rtcpMux: hasFlag(attributes, "rtcp-mux"),
    rtcpReducedSize: hasFlag(attributes, "rtcp-rsize"),
    direction: readDirection(attributes) ?? readDirection(parsed.attributes) ?? "sendrecv",
    formats: kind === "other" ? [] : readFormats(media, kind),
    encodingNames: encodingNames(media),
    extensions: readExtensions([...attributes, ...parsed.attributes]),
    extmapAllowMixed: hasFlag(attributes, "extmap-allow-mixed"),
    streamIds: readStreamIds(attributes),
    ...ssrcs,
    rids,
    receivedRids,
  };
}

/** How details call a section. */
export function nameOf(section: OfferSection, index: number): string {
  return `Section ${index} (m=${section.mediaType}, mid ${quote(section.mid)})`;
}
