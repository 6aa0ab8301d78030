import type { MediaSection } from "../contract/session.ts";
import { SSRCS_EXTRA_MAX } from "../limits.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../wire/extensions.ts";
import type { RtpHeader } from "../wire/rtp.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";
import type { Track } from "./track.ts";

/** An SSRC that nobody announced and that was silent this long makes room for another. */
const FORGET_AFTER_US = 5_000_000;
/** OBS writes MID and RID under these ids whatever the answer says (whip-whep.md Q-O6). */
const UNASKED_MID_ID = 1;
const UNASKED_RID_ID = 2;

/** One SSRC of the publisher. */
export interface KnownSsrc {
  readonly ssrc: number;
  readonly track: Track;
  readonly rtx: boolean;
  readonly announced: boolean;
  /**
   * Whose media its packets are: its own SSRC or, of an RTX stream, that of the SSRC it repairs; -1
   * while nobody knows that one.
   */
  primary: number;
  /** An RTX stream that has brought a packet of its primary. */
  proven: boolean;
  readonly firstSeen: number;
  lastSeen: number;
  /** When it said BYE, 0 while it has not. */
  byeAt: number;
}

/**
 * Which track an SSRC belongs to: as announced in the SDP (a=ssrc), else by its MID and RID header
 * extensions (RFC 8843 9.2, RFC 8852), else by payload type where that leaves no doubt. An SSRC
 * that fits nowhere gets no state. Binding is by the first packet: senders drop MID and RID once a
 * report names them (Q-B6).
 */
export class SsrcTable {
  readonly all = new Map<number, KnownSsrc>();
  readonly #ssrcsMax: number;
  /** Internal extension id by negotiated id, over all sections (BUNDLE: they agree, RFC 8843 10). */
  readonly #extensionIds: Uint8Array;
  readonly #cursor = new ExtensionCursor();
  #mid = "";
  #rid = "";
  #repairedRid = "";

  constructor(private readonly tracks: readonly Track[]) {
    const sections = [...new Set(tracks.map((track) => track.section))];
    this.#extensionIds = extensionTable(sections);
    this.#ssrcsMax = ssrcsMax(sections);
  }

  /** Internal id of a header extension element, 0 when it was not negotiated. */
  extension(id: number): number {
    return this.#extensionIds[id]!;
  }

  /** The SSRC of a packet, bound now if it is a new one; null when it fits no track. */
  find(now: number, bytes: Uint8Array, header: RtpHeader): KnownSsrc | null {
    const known = this.all.get(header.ssrc);
    if (known !== undefined) {
      known.lastSeen = now;
      return known;
    }
    return this.#bind(now, bytes, header);
  }

  #bind(now: number, bytes: Uint8Array, header: RtpHeader): KnownSsrc | null {
    if (this.all.size >= this.#ssrcsMax && !this.#forgetOne(now)) return null;
    this.#readNames(bytes, header);
    const announced = this.#byAnnouncement(header.ssrc);
    const found = announced ?? this.#byName(header) ?? this.#byPayloadType(header.payloadType);
    if (found === null) return null;
    const { track, rtx } = found;
    const former = track.ssrc;
    // Of a track that another SSRC fills, the packet is refused, and asked again with the next.
    if (!rtx && !track.bind(now, header.ssrc)) return null;
    const known: KnownSsrc = {
      ssrc: header.ssrc,
      track,
      rtx,
      announced: announced !== null,
      primary: rtx ? this.#primaryOf(header.ssrc, track) : header.ssrc,
      proven: false,
      firstSeen: now,
      lastSeen: now,
      byeAt: 0,
    };
    this.all.set(header.ssrc, known);
    if (!rtx) this.#adopt(track, former);
    return known;
  }

  /**
   * Whether an SSRC is the one that fills its track, or repairs that one. The retransmissions of a
   * SSRC before it have numbers of their own: each would open a hole, or fill one, of another's.
   */
  isPresent(known: KnownSsrc): boolean {
    return known.primary === known.track.ssrc;
  }

  /** By the announced pair (FID, RFC 5576 4.2); else the SSRC that fills the track now. */
  #primaryOf(rtxSsrc: number, track: Track): number {
    const { ssrcs, rtxSsrcs } = track.section;
    return ssrcs[rtxSsrcs.indexOf(rtxSsrc)] ?? track.ssrc;
  }

  /**
   * RTX streams that were first heard when the former SSRC had fallen silent, and have brought
   * nothing of it, are the new one's: senders probe by them before they send media.
   */
  #adopt(track: Track, former: number): void {
    const silentSince = this.all.get(former)?.lastSeen ?? Number.NEGATIVE_INFINITY;
    for (const known of this.all.values()) {
      const open = known.rtx && known.track === track && !known.announced && !known.proven;
      if (open && known.firstSeen > silentSince) known.primary = track.ssrc;
    }
  }

  #byAnnouncement(ssrc: number): Found | null {
    for (const track of this.tracks) {
      const { ssrcs, rtxSsrcs } = track.section;
      const media = ssrcs.indexOf(ssrc);
      const index = media >= 0 ? media : rtxSsrcs.indexOf(ssrc);
      if (index < 0) continue;
      const layers = this.#layers(track.section);
      const rtx = media < 0;
      // A rid in the packet says more than the order of the lines.
      const rid = rtx ? this.#repairedRid || this.#rid : this.#rid;
      const paired = rtx ? this.all.get(ssrcs[index] ?? -1)?.track : undefined;
      const named = layers.find((layer) => rid !== "" && layer.rid === rid) ?? paired;
      if (named !== undefined) return { track: named, rtx };
      if (layers.length === 1) return { track: layers[0]!, rtx };
      const ordered = ssrcs.length === layers.length ? layers[index] : undefined;
      return ordered === undefined ? null : { track: ordered, rtx };
    }
    return null;
  }

  #byName(header: RtpHeader): Found | null {
    if (this.#mid === "" && this.#rid === "" && this.#repairedRid === "") return null;
    const rid = this.#repairedRid || this.#rid;
    const candidates = this.tracks.filter(
      (track) =>
        (this.#mid === "" || track.section.mid === this.#mid) && (rid === "" || track.rid === rid),
    );
    // Without a rid a lone layer is meant, also one whose offer named no rids.
    const track = candidates.length === 1 ? candidates[0]! : this.#loneLayer();
    if (track === null) return null;
    const format = track.formats.of(header.payloadType);
    if (format === null) return null;
    return { track, rtx: format.use === "rtx" };
  }

  /** The only track of the section that the MID names, whatever RID came with it. */
  #loneLayer(): Track | null {
    const layers = this.tracks.filter((track) => track.section.mid === this.#mid);
    return layers.length === 1 ? layers[0]! : null;
  }

  #byPayloadType(payloadType: number): Found | null {
    let found: Found | null = null;
    for (const track of this.tracks) {
      const format = track.formats.of(payloadType);
      if (format === null) continue;
      if (found !== null) return null;
      found = { track, rtx: format.use === "rtx" };
    }
    return found;
  }

  #layers(section: MediaSection): Track[] {
    return this.tracks.filter((track) => track.section === section);
  }

  /** Reads MID, RID and repaired RID; empty where absent. */
  #readNames(bytes: Uint8Array, header: RtpHeader): void {
    this.#mid = "";
    this.#rid = "";
    this.#repairedRid = "";
    const cursor = this.#cursor;
    cursor.reset(bytes, header);
    while (cursor.next()) {
      const internal = this.#extensionIds[cursor.id]!;
      const text = () => latin1(bytes, cursor.offset, cursor.length);
      if (internal === Extension.mid) this.#mid = text();
      else if (internal === Extension.rid) this.#rid = text();
      else if (internal === Extension.repairedRid) this.#repairedRid = text();
      else if (internal === 0 && cursor.id === UNASKED_MID_ID) this.#mid = this.#knownMid(text());
      else if (internal === 0 && cursor.id === UNASKED_RID_ID) this.#rid = this.#knownRid(text());
    }
  }

  #knownMid(text: string): string {
    return this.tracks.some((track) => track.section.mid === text) ? text : "";
  }

  #knownRid(text: string): string {
    return this.tracks.some((track) => track.rid !== "" && track.rid === text) ? text : "";
  }

  /** Drops the SSRC that has been silent longest. False when none may go. */
  #forgetOne(now: number): boolean {
    let oldest: KnownSsrc | null = null;
    for (const known of this.all.values()) {
      if (known.announced) continue;
      if (known.byeAt === 0 && now - known.lastSeen < FORGET_AFTER_US) continue;
      if (known.track.ssrc === known.ssrc) continue;
      if (oldest === null || known.lastSeen < oldest.lastSeen) oldest = known;
    }
    return oldest !== null && this.all.delete(oldest.ssrc);
  }
}

interface Found {
  readonly track: Track;
  readonly rtx: boolean;
}

/** SSRCs that these sections may have at once: media and RTX of each layer, and some to spare. */
export function ssrcsMax(sections: readonly MediaSection[]): number {
  let announced = 0;
  let layers = 0;
  for (const { ssrcs, rtxSsrcs, rids } of sections) {
    announced += ssrcs.length + rtxSsrcs.length;
    layers += Math.max(1, rids.length);
  }
  return Math.max(announced, 2 * layers) + SSRCS_EXTRA_MAX;
}

/** Internal extension id by negotiated id: the reverse of `MediaSection.extensionIds`. */
export function extensionTable(sections: readonly MediaSection[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const section of sections) {
    for (let internal = 1; internal < EXTENSION_TABLE_LENGTH; internal += 1) {
      const id = section.extensionIds[internal] ?? 0;
      if (id > 0 && id < 256 && table[id] === 0) table[id] = internal;
    }
  }
  return table;
}

/** RFC 8843 15, RFC 8851: tokens are ASCII. */
function latin1(bytes: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = 0; i < length; i += 1) text += String.fromCharCode(bytes[offset + i]!);
  return text;
}
