/** Our own side of WHIP and WHEP: offers out, answers in. */
import type { MediaFormat, MediaSection, PeerSetup } from "../contract/session.ts";
import type { CodecName } from "../wire/codecs.ts";
import {
  EXTENSION_TABLE_LENGTH,
  EXTENSION_URIS,
  Extension,
  type ExtensionName,
} from "../wire/extensions.ts";
import type { LocalDescription } from "./local.ts";
import { acceptSection } from "./negotiate.ts";
import { isLive, readSections, taggedSection } from "./offer.ts";
import { parseSdp } from "./parse.ts";
import { isProblem, type SdpProblem, unusable } from "./problem.ts";
import { peerSetup, type RemotePeer, readPeer } from "./transport.ts";
import { formatLines, originLines, payloadTypes, ssrcLines, transportLines } from "./write.ts";

export interface ClientOffer
  extends Pick<
    LocalDescription,
    "ufrag" | "pwd" | "fingerprint" | "sessionId" | "cname" | "streamId"
  > {
  readonly role: "publisher" | "viewer";
  /** Publisher: ours, with ssrcs. Viewer: normally VIEWER_MEDIA. */
  readonly media: readonly MediaSection[];
}

/** An answer to our own offer. */
export interface Answer {
  readonly peer: RemotePeer;
  /** Accepted sections; `ssrcs` are the server's (viewer) or empty (publisher). */
  readonly media: readonly MediaSection[];
}

/** Encoding names as their registrations spell them. */
const ENCODING_NAMES: Readonly<Record<CodecName, string>> = {
  opus: "opus",
  h264: "H264",
  h265: "H265",
  vp8: "VP8",
  vp9: "VP9",
  av1: "AV1",
};

/** What a viewer of ours offers: every codec that is forwarded, RTX, transport-cc. */
export const VIEWER_MEDIA: readonly MediaSection[] = [
  {
    mid: "0",
    kind: "audio",
    formats: [offeredFormat("opus", 111, null, "minptime=10;useinbandfec=1;stereo=1")],
    extensionIds: extensionIds({ audioLevel: 1, transportCc: 3, mid: 4, absCaptureTime: 5 }),
    mixedExtensions: true,
    ssrcs: [],
    rtxSsrcs: [],
    rids: [],
  },
  {
    mid: "1",
    kind: "video",
    formats: [
      offeredFormat("h264", 102, 103, h264Fmtp("42e01f")),
      offeredFormat("h264", 104, 105, h264Fmtp("4d001f")),
      offeredFormat("h264", 106, 107, h264Fmtp("64001f")),
      offeredFormat("vp8", 96, 97, ""),
      offeredFormat("vp9", 98, 99, "profile-id=0"),
      offeredFormat("vp9", 100, 101, "profile-id=2"),
      offeredFormat("av1", 108, 109, "level-idx=5;profile=0;tier=0"),
      offeredFormat("h265", 112, 113, "level-id=186;profile-id=1;tier-flag=0;tx-mode=SRST"),
    ],
    extensionIds: extensionIds({
      transportCc: 3,
      mid: 4,
      absCaptureTime: 5,
      playoutDelay: 6,
      videoOrientation: 7,
      dependencyDescriptor: 12,
    }),
    mixedExtensions: true,
    ssrcs: [],
    rtxSsrcs: [],
    rids: [],
  },
];

/** An offer in the shape of a browser's: actpass, one bundle, no candidates (RFC 9725 4.3.2). */
export function writeOffer(offer: ClientOffer): string {
  const lines = [...originLines(offer), "a=ice-options:trickle"];
  lines.push(`a=group:BUNDLE ${offer.media.map(({ mid }) => mid).join(" ")}`);
  lines.push("a=extmap-allow-mixed");
  if (offer.role === "publisher") lines.push(`a=msid-semantic:WMS ${offer.streamId}`);
  for (const media of offer.media) lines.push(...sectionLines(offer, media));
  return `${lines.join("\r\n")}\r\n`;
}

/**
 * Reads the answer to an offer of ours. Errors: 400 malformed, 413 over a limit, 422 when it
 * accepts nothing or leaves the DTLS role open. The status is of no use to a client but as a class.
 */
export function readAnswer(text: string): Answer | SdpProblem {
  const parsed = parseSdp(text);
  if (isProblem(parsed)) return parsed;
  const sections = readSections(parsed);
  if (isProblem(sections)) return sections;
  const peer = readPeer(parsed, taggedSection(parsed, sections));
  if (isProblem(peer)) return peer;
  // RFC 8842 5.3: an answer decides.
  if (peer.setup === "actpass") return unusable("The answer must say a=setup:passive or active.");
  const media: MediaSection[] = [];
  for (const section of sections) {
    const { kind, formats, ssrcs, rtxSsrcs } = section;
    if (kind === "other" || !isLive(section) || formats.length === 0) continue;
    const rids = section.receivedRids;
    const mixed = parsed.attributes.some(({ key }) => key === "extmap-allow-mixed");
    const ids = { ssrcs, rtxSsrcs, rids };
    const accepted = { ...section, kind };
    media.push(
      acceptSection(accepted, formats, section.extensions, mixed || section.extmapAllowMixed, ids),
    );
  }
  if (media.length === 0) return unusable("The answer accepts neither audio nor video.");
  return { peer, media };
}

/** Who we are to the server that gave this answer: its active makes us the DTLS server. */
export function clientPeer(offer: Pick<ClientOffer, "ufrag" | "pwd">, answer: Answer): PeerSetup {
  return peerSetup(offer, answer.peer, answer.peer.setup === "active" ? "server" : "client");
}

function sectionLines(offer: ClientOffer, media: MediaSection): readonly string[] {
  const lines = [`m=${media.kind} 9 UDP/TLS/RTP/SAVPF ${payloadTypes(media.formats)}`];
  lines.push("c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", `a=mid:${media.mid}`);
  lines.push(...transportLines(offer, "actpass"));
  lines.push(offer.role === "publisher" ? "a=sendonly" : "a=recvonly");
  lines.push("a=rtcp-mux", "a=rtcp-rsize");
  for (const name of Object.keys(Extension) as ExtensionName[]) {
    const id = media.extensionIds[Extension[name]] ?? 0;
    if (id > 0) lines.push(`a=extmap:${id} ${EXTENSION_URIS[name]}`);
  }
  for (const format of media.formats) {
    lines.push(...formatLines(format, ENCODING_NAMES[format.codec], format.fmtp));
  }
  if (offer.role === "viewer") return lines;
  lines.push(...ssrcLines(offer, media));
  if (media.rids.length === 0) return lines;
  for (const rid of media.rids) lines.push(`a=rid:${rid} send`);
  lines.push(`a=simulcast:send ${media.rids.join(";")}`);
  return lines;
}

function offeredFormat(
  codec: CodecName,
  payloadType: number,
  rtxPayloadType: number | null,
  fmtp: string,
): MediaFormat {
  const video = codec !== "opus";
  return {
    codec,
    payloadType,
    rtxPayloadType,
    redPayloadType: null,
    clockRate: video ? 90_000 : 48_000,
    channels: video ? 1 : 2,
    fmtp,
    nack: true,
    pli: video,
    fir: video,
    remb: video,
    transportCc: true,
  };
}

function h264Fmtp(profileLevelId: string): string {
  return `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}`;
}

function extensionIds(ids: Partial<Record<ExtensionName, number>>): readonly number[] {
  const table = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  for (const [name, id] of Object.entries(ids)) table[Extension[name as ExtensionName]] = id;
  return table;
}
