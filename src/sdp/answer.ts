/** WHIP and WHEP answers: RFC 9725 4.4 and 4.8, draft-ietf-wish-whep 4.3 and 4.6. */
import type { MediaSection, PeerSetup } from "../contract/session.ts";
import type { MediaKind } from "../wire/codecs.ts";
import type { OfferedExtension } from "./extmap.ts";
import { fmtpParameters, withoutParameters, withParameter } from "./fmtp.ts";
import type { OfferedFormat } from "./formats.ts";
import type { LocalDescription } from "./local.ts";
import { acceptExtensions, acceptSection } from "./negotiate.ts";
import { isLive, type Offer } from "./offer.ts";
import { type SdpProblem, unusable } from "./problem.ts";
import { nameOf, type OfferSection } from "./section.ts";
import { peerSetup } from "./transport.ts";
import { formatFor, type LiveTrack } from "./viewer-match.ts";
import { type AnswerSection, writeAnswer } from "./write.ts";

export type { LiveTrack } from "./viewer-match.ts";

/** An answer and what the workers need to know of it. */
export interface NegotiatedAnswer {
  readonly sdp: string;
  readonly peer: PeerSetup;
  /** Accepted sections, in the order of their m= lines. */
  readonly media: readonly MediaSection[];
}

/** What a publisher sends now; null for a track it lacks. */
export interface LiveTracks {
  readonly audio: LiveTrack | null;
  readonly video: LiveTrack | null;
}

/** An accepted section is one of these. */
type MediaOffer = OfferSection & { readonly kind: MediaKind };

export interface PublisherOptions {
  /** All layers offered are accepted (OBS aborts at less); else none. */
  readonly simulcast: boolean;
  /** The stream is also to be had as files of MP4, which hold no VP8 and are not turned. */
  readonly files: boolean;
}

/**
 * Answers a publisher: every codec that we forward, in its own order, but for files H.264 in front of
 * VP8. Error: 422 without a bundle.
 */
export function answerPublisher(
  offer: Offer,
  local: LocalDescription,
  options: PublisherOptions,
): NegotiatedAnswer | SdpProblem {
  const sections = offer.sections.map((section): AnswerSection => {
    if (!isMedia(section) || section.formats.length === 0) return rejected(section);
    const mixed = allowsMixed(offer, section);
    const formats = options.files ? formatsForFiles(section.formats) : section.formats;
    const turned = !options.files || formats[0]!.codec === "vp8";
    const extensions = acceptExtensions(section, "publisher", mixed).filter(
      ({ name }) => turned || name !== "videoOrientation",
    );
    const ids = publisherIds(section, extensions, options.simulcast);
    const media = acceptSection(section, formats, extensions, mixed, ids);
    const fmtp = new Map(formats.map((f) => [f.payloadType, publisherFmtp(f)]));
    return { offered: section, media, extensions, fmtp };
  });
  return finish(offer, local, sections);
}

/**
 * Answers a viewer: every codec that we forward, the live one first, and a section of a kind that
 * the publisher lacks is kept, so that a publisher can come back different. `stream` null: nobody
 * publishes yet. What cannot be served (data channels, a second video, a kind without any codec of
 * ours) is rejected by port 0. Errors: 422 when the viewer cannot decode what is live.
 */
export function answerViewer(
  offer: Offer,
  local: LocalDescription,
  stream: LiveTracks | null,
): NegotiatedAnswer | SdpProblem {
  const taken = new Set<MediaKind>();
  const sections: AnswerSection[] = [];
  for (const [index, section] of offer.sections.entries()) {
    // One track of a kind (WHEP 4.6.2): the first section gets it.
    if (!isMedia(section) || taken.has(section.kind)) {
      sections.push(rejected(section));
      continue;
    }
    const track = stream?.[section.kind] ?? null;
    const live = track && formatFor(section.formats, track);
    if (track !== null && live === null) return undecodable(section, index, track);
    if (section.formats.length === 0) {
      sections.push(rejected(section));
      continue;
    }
    taken.add(section.kind);
    sections.push(viewerSection(offer, section, local, live, track));
  }
  return finish(offer, local, sections);
}

function viewerSection(
  offer: Offer,
  section: MediaOffer,
  local: LocalDescription,
  live: OfferedFormat | null,
  track: LiveTrack | null,
): AnswerSection {
  const formats = live === null ? section.formats : withFirst(section.formats, live);
  const mixed = allowsMixed(offer, section);
  const extensions = acceptExtensions(section, "viewer", mixed);
  const audio = section.kind === "audio";
  const repaired = formats.some((format) => format.rtxPayloadType !== null);
  const media = acceptSection(section, formats, extensions, mixed, {
    ssrcs: [audio ? local.ssrcs.audio : local.ssrcs.video],
    rtxSsrcs: repaired ? [local.ssrcs.videoRtx] : [],
    rids: [],
  });
  const fmtp = new Map(formats.map((f) => [f.payloadType, viewerFmtp(f, track)]));
  return { offered: section, media, extensions, fmtp };
}

function finish(
  offer: Offer,
  local: LocalDescription,
  sections: readonly AnswerSection[],
): NegotiatedAnswer | SdpProblem {
  const accepted = sections.filter((section) => section.media !== null);
  if (accepted.length === 0) {
    return unusable("The offer has no audio or video section with a codec that is forwarded.");
  }
  const unbundled = accepted.find((section) => !section.offered.bundled);
  if (accepted.length > 1 && unbundled !== undefined) {
    const name = nameOf(unbundled.offered, sections.indexOf(unbundled));
    return unusable(`${name} is not in a=group:BUNDLE; offer all sections in one bundle.`);
  }
  const mids = new Set(accepted.map((section) => section.offered.mid));
  // RFC 8842 5.3; "passive" is no legal offer, but FFmpeg's.
  const role = offer.peer.setup === "passive" ? "client" : "server";
  const sdp = writeAnswer(local, {
    direction: offer.role === "publisher" ? "recvonly" : "sendonly",
    setup: role === "client" ? "active" : "passive",
    bundle: offer.bundle.filter((mid) => mids.has(mid)),
    extmapAllowMixed: offer.extmapAllowMixed,
    sections,
  });
  const media = accepted.map((section) => section.media).filter((section) => section !== null);
  return { sdp, peer: peerSetup(local, offer.peer, role), media };
}

/** Simulcast needs the rid extension to tell layers apart (RFC 8853 5.5). */
function publisherIds(
  section: OfferSection,
  extensions: readonly OfferedExtension[],
  simulcast: boolean,
): Pick<MediaSection, "ssrcs" | "rtxSsrcs" | "rids"> {
  const { ssrcs, rtxSsrcs, rids } = section;
  if (rids.length === 0) return { ssrcs, rtxSsrcs, rids };
  if (simulcast && extensions.some(({ name }) => name === "rid")) return { ssrcs, rtxSsrcs, rids };
  // Refused: the first stream remains (RFC 8853 5.3.2). Firefox declares the SSRCs of all.
  return { ssrcs: ssrcs.slice(0, 1), rtxSsrcs: rtxSsrcs.slice(0, 1), rids: [] };
}

/** Browsers offer VP8 first unless a page says otherwise, and send what the answer has first. */
function formatsForFiles(formats: readonly OfferedFormat[]): readonly OfferedFormat[] {
  if (formats[0]!.codec !== "vp8") return formats;
  const h264 = formats.filter(({ codec }) => codec === "h264");
  // RFC 6184 6.2: pictures in mode 0 have no unit above the size of a packet.
  const best = h264.find(({ fmtp }) => fmtpParameters(fmtp).get("packetization-mode") === "1");
  const first = best ?? h264[0];
  return first === undefined ? formats : withFirst(formats, first);
}

/** What a sender says of its own stream has no place in a receiver's answer (RFC 6184 8.2.2). */
const SENDER_PARAMETERS: ReadonlySet<string> = new Set([
  "sprop-parameter-sets",
  "sprop-level-parameter-sets",
  "sprop-vps",
  "sprop-sps",
  "sprop-pps",
]);

function publisherFmtp(format: OfferedFormat): string {
  const fmtp = withoutParameters(format.fmtp, SENDER_PARAMETERS);
  return format.codec === "opus" && isStereo(fmtp) ? withStereo(fmtp) : fmtp;
}

/** Unknown keys are echoed too. Browsers play stereo only where their own offer says so. */
function viewerFmtp(format: OfferedFormat, track: LiveTrack | null): string {
  const fmtp = withoutParameters(format.fmtp, SENDER_PARAMETERS);
  if (format.codec !== "opus" || !isStereo(fmtp)) return fmtp;
  // sprop-stereo is a statement about what we send (RFC 7587 7.1).
  return track === null || isStereo(track.fmtp) ? withStereo(fmtp) : fmtp;
}

function isStereo(fmtp: string): boolean {
  const parameters = fmtpParameters(fmtp);
  return parameters.get("stereo") === "1" || parameters.get("sprop-stereo") === "1";
}

function withStereo(fmtp: string): string {
  return withParameter(withParameter(fmtp, "stereo", "1"), "sprop-stereo", "1");
}

function undecodable(section: OfferSection, index: number, track: LiveTrack): SdpProblem {
  const offered = section.encodingNames.join(", ") || "none";
  const profile = track.fmtp === "" ? "" : ` (${track.fmtp})`;
  return unusable(
    `The stream's ${section.kind} is ${track.codec.toUpperCase()}${profile}; ${nameOf(section, index)} offers ${offered}. Offer ${track.codec.toUpperCase()} or use another player.`,
  );
}

function withFirst<T>(items: readonly T[], first: T): readonly T[] {
  return [first, ...items.filter((item) => item !== first)];
}

function rejected(section: OfferSection): AnswerSection {
  return { offered: section, media: null, extensions: [], fmtp: new Map() };
}

function isMedia(section: OfferSection): section is MediaOffer {
  return isLive(section);
}

function allowsMixed(offer: Offer, section: OfferSection): boolean {
  return offer.extmapAllowMixed || section.extmapAllowMixed;
}
