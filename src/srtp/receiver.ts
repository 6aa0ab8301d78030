import { REPLAY_WINDOW, SSRCS_EXTRA_MAX } from "../limits.ts";
import { readU32 } from "../wire/bytes.ts";
import type { Region, SrtpCipher } from "./cipher.ts";
import { ENCRYPTED_FLAG, GCM_TAG_BYTES, INDEX_WORD_BYTES, RTCP_CLEAR_BYTES } from "./overhead.ts";
import { estimateIndex } from "./packet-index.ts";
import { ReplayVerdict, ReplayWindow } from "./replay-window.ts";

/** Why a packet was refused; all negative, so that a length never collides with one. */
export const SrtpReject = {
  forged: -1,
  replayed: -2,
  tooOld: -3,
  tooShort: -4,
  tooManySources: -5,
} as const;
export type SrtpReject = (typeof SrtpReject)[keyof typeof SrtpReject];

/** RTP indices have 48 bits. */
const INDEX_END = 2 ** 48;

/**
 * The receiving side of one session's SRTP and SRTCP. Order for every packet (RFC 3711 3.3): guess
 * the index, look into the replay window, verify the tag, and only then change any state. An SSRC
 * gets state with its first authentic packet: up to `sourcesMax` of them for RTP, SSRCS_EXTRA_MAX more
 * for RTCP.
 */
export class SrtpReceiver {
  /** 48-bit index (roll-over counter * 65536 + sequence) of the last RTP packet that was opened. */
  index = 0;
  /** RTP packets that its keys did not open. */
  forged = 0;
  readonly #cipher: SrtpCipher;
  readonly #sourcesMax: number;
  readonly #rtcpSourcesMax: number;
  readonly #window: number;
  readonly #rtp = new Map<number, ReplayWindow>();
  readonly #rtcp = new Map<number, ReplayWindow>();

  /** `window`: packets of a source that are remembered, a power of two. */
  constructor(cipher: SrtpCipher, sourcesMax: number, window = REPLAY_WINDOW) {
    this.#cipher = cipher;
    this.#window = window;
    this.#sourcesMax = sourcesMax;
    // A receiver without media of its own reports under SSRCs that no offer announces.
    this.#rtcpSourcesMax = sourcesMax + SSRCS_EXTRA_MAX;
  }

  /** Whether packets of this SSRC have come. */
  knows(ssrc: number, rtcp: boolean): boolean {
    return (rtcp ? this.#rtcp : this.#rtp).has(ssrc);
  }

  /** Remote SSRCs that have RTP state. */
  get sources(): number {
    return this.#rtp.size;
  }

  /**
   * Opens one RTP packet in place. `headerLength`, `ssrc` and `sequence` are of its parsed header.
   * Returns the length of header and plaintext payload, or a SrtpReject. A refused packet's bytes
   * are undefined.
   */
  openRtp(
    region: Region,
    offset: number,
    length: number,
    headerLength: number,
    ssrc: number,
    sequence: number,
  ): number {
    const known = this.#rtp.get(ssrc);
    const index = known === undefined ? sequence : estimateIndex(known.highest, sequence);
    return this.#openRtp(region, offset, length, headerLength, ssrc, index, known);
  }

  /**
   * As `openRtp`, where the sender tells the 48-bit index of the packet beside it: nothing is guessed,
   * so that any number may be lost in a row.
   */
  openRtpAt(
    region: Region,
    offset: number,
    length: number,
    headerLength: number,
    ssrc: number,
    sequence: number,
    index: number,
  ): number {
    // An HMAC tag covers the header and the roll-over counter: it would let another number pass.
    const own = index >= 0 && index < INDEX_END && index % 65536 === sequence;
    if (!own) return SrtpReject.forged;
    const known = this.#rtp.get(ssrc);
    return this.#openRtp(region, offset, length, headerLength, ssrc, index, known);
  }

  /** Opens one compound RTCP packet in place. Returns its plain length, or a SrtpReject. */
  openRtcp(region: Region, offset: number, length: number): number {
    const overhead = this.#cipher.rtcpOverhead;
    if (length < RTCP_CLEAR_BYTES + overhead) return SrtpReject.tooShort;
    const bytes = region.bytes;
    const ssrc = readU32(bytes, offset + 4);
    const tagBytes = overhead - INDEX_WORD_BYTES;
    // RFC 3711 3.4: E and index stand before the HMAC tag; RFC 7714 9: behind the GCM tag.
    const wordOffset = offset + length - (tagBytes === GCM_TAG_BYTES ? INDEX_WORD_BYTES : overhead);
    const word = readU32(bytes, wordOffset);
    // RFC 8827 6.5: SRTCP must be encrypted.
    if (word < ENCRYPTED_FLAG) return SrtpReject.forged;
    const index = word - ENCRYPTED_FLAG;
    const known = this.#rtcp.get(ssrc);
    const refused = refusalOf(index, known, this.#rtcp, this.#rtcpSourcesMax);
    if (refused !== 0) return refused;
    const opened = this.#cipher.openRtcp(region, offset, length, ssrc, index);
    if (opened < 0) return SrtpReject.forged;
    (known ?? addWindow(this.#rtcp, ssrc, this.#window)).commit(index);
    return opened;
  }

  free(): void {
    this.#cipher.free();
  }

  #openRtp(
    region: Region,
    offset: number,
    length: number,
    headerLength: number,
    ssrc: number,
    index: number,
    known: ReplayWindow | undefined,
  ): number {
    if (length < headerLength + this.#cipher.rtpOverhead) return SrtpReject.tooShort;
    const refused = refusalOf(index, known, this.#rtp, this.#sourcesMax);
    if (refused !== 0) return refused;
    const opened = this.#cipher.openRtp(region, offset, headerLength, length, ssrc, index);
    if (opened < 0) {
      this.forged += 1;
      return SrtpReject.forged;
    }
    const window = known ?? addWindow(this.#rtp, ssrc, this.#window);
    window.commit(index);
    this.index = index;
    return opened;
  }
}

/** Why no packet of this index is opened; 0 when one may be. `known`: the window of its source. */
function refusalOf(
  index: number,
  known: ReplayWindow | undefined,
  windows: ReadonlyMap<number, ReplayWindow>,
  sourcesMax: number,
): SrtpReject | 0 {
  if (known === undefined) return windows.size < sourcesMax ? 0 : SrtpReject.tooManySources;
  const verdict = known.check(index);
  if (verdict === ReplayVerdict.seen) return SrtpReject.replayed;
  return verdict === ReplayVerdict.tooOld ? SrtpReject.tooOld : 0;
}

function addWindow(windows: Map<number, ReplayWindow>, ssrc: number, width: number): ReplayWindow {
  const window = new ReplayWindow(width);
  windows.set(ssrc, window);
  return window;
}
