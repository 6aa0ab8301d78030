/** WHIP and WHEP offers: RFC 9725 4.2 and 4.4, draft-ietf-wish-whep 4.3 and 4.6. */
import { readBundle } from "./bundle.ts";
import { receives, sends } from "./direction.ts";
import { type ParsedSdp, parseSdp } from "./parse.ts";
import { isProblem, malformed, quote, type SdpProblem, unusable } from "./problem.ts";
import { nameOf, type OfferSection, readSection } from "./section.ts";
import { type RemotePeer, readPeer } from "./transport.ts";

export type { Direction } from "./direction.ts";
export type { OfferedExtension } from "./extmap.ts";
export type { OfferedFormat } from "./formats.ts";
export type { OfferSection } from "./section.ts";
export type { RemotePeer } from "./transport.ts";

export interface Offer {
  readonly role: "publisher" | "viewer";
  readonly peer: RemotePeer;
  /** Mids of the BUNDLE group that exist as sections, in the group's order; may be empty. */
  readonly bundle: readonly string[];
  /** Session-level a=extmap-allow-mixed. */
  readonly extmapAllowMixed: boolean;
  readonly sections: readonly OfferSection[];
}

/**
 * Reads and checks an offer as far as it can be judged without knowing a stream.
 * Errors: 400 what is not an SDP offer, 413 over a limit, 422 what cannot be served.
 */
export function readOffer(
  text: string,
  options: { readonly role: "publisher" | "viewer" },
): Offer | SdpProblem {
  const parsed = parseSdp(text);
  if (isProblem(parsed)) return parsed;
  if (parsed.media.length === 0) return withoutMedia(options.role);
  const sections = readSections(parsed);
  if (isProblem(sections)) return sections;
  const peer = readPeer(parsed, taggedSection(parsed, sections));
  if (isProblem(peer)) return peer;
  const problem = checkIds(sections) ?? checkRole(sections, options.role);
  if (problem !== null) return problem;
  return {
    role: options.role,
    peer,
    bundle: readBundle(parsed).filter((mid) => sections.some((section) => section.mid === mid)),
    extmapAllowMixed: parsed.attributes.some(({ key }) => key === "extmap-allow-mixed"),
    sections,
  };
}

/** Also for answers: all sections, mids checked. */
export function readSections(parsed: ParsedSdp): readonly OfferSection[] | SdpProblem {
  const bundle = readBundle(parsed);
  const sections: OfferSection[] = [];
  for (let i = 0; i < parsed.media.length; i++) {
    const section = readSection(parsed, i, bundle);
    if (isProblem(section)) return section;
    if (parsed.media.length > 1 && section.mid === "") {
      return malformed(`Section ${i} has no a=mid; each section of a bundle needs one.`);
    }
    if (sections.some((other) => other.mid === section.mid)) {
      return malformed(`a=mid:${quote(section.mid)} stands in two sections; mids are unique.`);
    }
    sections.push(section);
  }
  return sections;
}

/**
 * Index of the section whose transport counts: the first of the BUNDLE group that carries media
 * (RFC 9143 7.2.1, 7.3.2), else the first.
 */
export function taggedSection(parsed: ParsedSdp, sections: readonly OfferSection[]): number {
  for (const mid of readBundle(parsed)) {
    const index = sections.findIndex((section) => section.mid === mid && isLive(section));
    if (index >= 0) return index;
  }
  return Math.max(0, sections.findIndex(isLive));
}

/** Whether the offerer wants this section served, as far as we serve anything. */
export function isLive(section: OfferSection): boolean {
  return section.kind !== "other" && !section.disabled;
}

/** A Safari player without addTransceiver sends this; it is SDP, but of no use (RFC 9725: 400). */
function withoutMedia(role: "publisher" | "viewer"): SdpProblem {
  return role === "publisher"
    ? malformed("The offer has no m= line; add a track before creating it.")
    : unusable("The offer has no m= line; call addTransceiver for audio and video first.");
}

/** RFC 9143 9.1 and 12: in a bundle, one payload type and one extension id mean one thing. */
function checkIds(sections: readonly OfferSection[]): SdpProblem | null {
  const payloadTypes = new Map<number, number>();
  const extensions = new Map<number, string>();
  for (const [index, section] of sections.entries()) {
    if (!isLive(section)) continue;
    for (const { payloadType } of section.formats) {
      const other = payloadTypes.get(payloadType) ?? index;
      payloadTypes.set(payloadType, other);
      const first = sections[other];
      if (other !== index && first?.kind !== section.kind) {
        return unusable(
          `Payload type ${payloadType} means two codecs, in sections ${other} and ${index}.`,
        );
      }
    }
    for (const { id, name } of section.extensions) {
      if ((extensions.get(id) ?? name) !== name) {
        return unusable(`${nameOf(section, index)} gives a=extmap:${id} a second meaning.`);
      }
      extensions.set(id, name);
    }
  }
  return null;
}

function checkRole(
  sections: readonly OfferSection[],
  role: "publisher" | "viewer",
): SdpProblem | null {
  for (const [index, section] of sections.entries()) {
    const problem = isLive(section) ? checkSection(section, index, role) : null;
    if (problem !== null) return problem;
  }
  if (!sections.some(isLive)) {
    return unusable("The offer has no audio or video section that is switched on.");
  }
  return role === "publisher" ? checkPublisher(sections) : null;
}

function checkSection(
  section: OfferSection,
  index: number,
  role: "publisher" | "viewer",
): SdpProblem | null {
  const name = nameOf(section, index);
  // RFC 8842 5: these name DTLS-SRTP. RFC 9429 5.1.2 lets RTP/AVP and RTP/SAVPF mean it too; who
  // writes those now means media in clear, or keys in the description, and gets neither here.
  if (!/^(?:UDP|TCP)\/TLS\/RTP\/SAVPF?$/i.test(section.protocol)) {
    return unusable(
      `${name} uses ${quote(section.protocol)}; media is only served over DTLS-SRTP: offer UDP/TLS/RTP/SAVPF.`,
    );
  }
  if (role === "publisher" && !sends(section.direction)) {
    return unusable(`${name} is ${section.direction}; a publisher offers sendonly or sendrecv.`);
  }
  if (role === "viewer" && !receives(section.direction)) {
    return unusable(`${name} is ${section.direction}; a viewer offers recvonly or sendrecv.`);
  }
  if (!section.rtcpMux) {
    return unusable(`${name} has no a=rtcp-mux; RTCP is only served on the port of RTP.`);
  }
  return null;
}

/** RFC 9725 4.4.2 (one MediaStream, one track of a kind) and 4.4.3 (no partial answers). */
function checkPublisher(sections: readonly OfferSection[]): SdpProblem | null {
  for (const [index, section] of sections.entries()) {
    if (section.disabled) continue;
    const name = nameOf(section, index);
    if (section.kind === "other") {
      return unusable(`${name} cannot be received; publish audio and video only.`);
    }
    if (section.formats.length === 0) {
      return unusable(
        `${name} has no codec that is forwarded, only ${section.encodingNames.join(", ") || "none"}; offer ${
          section.kind === "audio" ? "Opus" : "H264, H265, VP8, VP9 or AV1"
        }.`,
      );
    }
  }
  const live = sections.filter(isLive);
  for (const kind of ["audio", "video"]) {
    if (live.filter((section) => section.kind === kind).length > 1) {
      return unusable(`The offer has two ${kind} sections; publish one track of a kind.`);
    }
  }
  if (new Set(live.flatMap((section) => section.streamIds)).size > 1) {
    return unusable("The a=msid lines name two MediaStreams; publish one.");
  }
  return null;
}
