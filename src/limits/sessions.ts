/** Sessions: their descriptions, checks of paths, consent (src/sdp, src/peer). */
import { KIB } from "./units.ts";

export const SDP_BYTES_MAX = 64 * KIB;
export const SDP_LINES_MAX = 2000;
export const MEDIA_SECTIONS_MAX = 8;
export const CANDIDATES_MAX = 64;
/** Simulcast streams one section may offer; browsers send 3, OBS up to 4. */
export const RIDS_OFFERED_MAX = 8;
/** SSRCs one section may declare: for each of 8 layers media, RTX and FEC. */
export const SSRCS_OFFERED_MAX = 24;
/** Publisher SSRCs that get state beyond those negotiated (RTX, a restarted encoder). */
export const SSRCS_EXTRA_MAX = 4;
/** Publishers of one token, or of one address, that have not completed DTLS yet. One takes well under
 * a second for it, so after a restart some hundred a second come back with the same token. */
export const PENDING_PUBLISHERS_MAX = 64;
/** Packets held of a publisher that is connected and waits for its rings, a few milliseconds: 256 of
 * 1.2 kB are a keyframe of 300 kB, or 120 ms at 20 Mb/s. */
export const EARLY_PACKETS_MAX = 256;
/** Sessions of one address that have not completed DTLS yet. A classroom sits behind one address. */
export const PENDING_SESSIONS_PER_ADDRESS = 500;
/** POSTs a second from one address. */
export const POSTS_PER_SECOND_PER_ADDRESS = 200;
/** RFC 7675: media stops this long after the last valid sign of life ... */
export const CONSENT_MEDIA_TIMEOUT_US = 10_000_000;
/** ... and the session is freed here. */
export const CONSENT_SESSION_TIMEOUT_US = 30_000_000;
/** A client that answers our checks is asked so often on the path that its media takes (RFC 7675
 * 5.1), a little earlier at random: two questions in a row and their repeats fit media's patience. */
export const CONSENT_CHECK_US = 5_000_000;
/** Checks of ours a second and session, to wherever: 5 x some 120 B, what a spoofed address gets. */
export const PATH_CHECKS_PER_SECOND = 5;
/** Datagrams a second and worker of which is asked, by looking through its sessions, whether they are
 * SRTP of a client that moved: 50 x 1,000 sessions x 30 ns are 0.15 % of a core. */
export const SIGHTINGS_PER_SECOND = 50;
/** Checks a second and worker of which an acceptor is asked: 1,000 x some 10 us are 1 % of a core. A
 * flood that names what is expected keeps out whoever comes for as long as it is larger. */
export const ACCEPTS_PER_SECOND = 1_000;
/** Links between nodes that a worker was asked for by who has not shown yet that it belongs to us: 256 x
 * some 40 KiB are 10 MiB. One more ends the oldest. */
export const LINKS_PENDING_MAX = 256;
/** Links a second that a worker lets in, ... */
export const LINK_ACCEPTS_PER_SECOND = 100;
/** ... and that one address (IPv6: one /64) may ask for: a node dials some, and again. */
export const LINK_ACCEPTS_PER_SECOND_PER_ADDRESS = 20;
/** The selected path is dead when it left so many checks unanswered ... */
export const PATH_DEAD_CHECKS = 3;
/** ... in this time: with the round trip of the proof media moves within 2 s. */
export const PATH_DEAD_US = 1_000_000;
/** Bytes a second for a client that answers no check, at an address that it nominated, until something
 * authentic came back from there: two small reports a second find out, a flood it is not. */
export const UNPROVEN_BYTES_PER_SECOND = 2_000;
/** A session that never completes DTLS is freed here. */
export const CONNECT_TIMEOUT_US = 20_000_000;
/** SRTP replay window, in packets (RFC 3711 3.3.2 asks for 64 at least). */
export const REPLAY_WINDOW = 1024;
/** The same on a link: 8,192 packets of 1.2 kB are 80 ms at 1 Gb/s. */
export const LINK_REPLAY_WINDOW = 8192;
