/** A session's share of its worker. */

/** Checks a second that are answered, a session, from the selected path, and as many from all others.
 * An answer costs two HMACs, some 20 us: 1 ms a second each. Agents check a pair each 50 ms at most
 * (RFC 8445 14.2: Ta), so two pairs at full pace fit. */
export const CHECKS_PER_SECOND = 50;
/** RTCP datagrams a second that are opened: 3 us each, 3 ms a second. A viewer of 30 Mb/s (3,000
 * packets a second) behind 10 % loss sends a NACK for each of 300 gaps, repeats some, and 20 feedback
 * packets: 400 at most. */
export const RTCP_DATAGRAMS_PER_SECOND = 1_000;
/** RTP packets a second that are opened of a publisher: its highest bit rate and a quarter more (see
 * BITRATE_EXCESS) in packets of 125 B, so that 20 Mb/s are 25,000, 75 ms of 3 us each ... */
export const RTP_PACKET_BYTES_MEAN_MIN = 100;
/** ... and at least these, which a viewer has, too: audio of 10 ms, twice. */
export const RTP_PACKETS_PER_SECOND_MIN = 200;
/** us of its worker that the RTCP of one session may take a second, 1 %, and at once. What it costs is
 * reckoned, not measured: on a machine that others use a clock would blame the wrong one. The viewer
 * above: 300 x (5 + 0.5 + 5) + 20 x (5 + 5 + 150 x 0.1) = 3.7 ms, and a keyframe of 850 packets takes
 * 0.9 ms at once. 950 compounds a second of 70 NACKs with 48 numbers would be 1.6 s. */
export const RTCP_TIME_PER_SECOND_US = 10_000;
export const RTCP_TIME_BURST_US = 20_000;
/** Measured on a warm core at a half to two thirds of these: a datagram that was opened, a packet in
 * it, a sequence number asked for, a packet sent again, a report block, a feedback packet (estimate
 * and choice of layer) and a packet that it speaks of. */
export const RTCP_COST_US = {
  datagram: 5,
  packet: 0.1,
  sequence: 0.5,
  repair: 5,
  block: 1,
  feedback: 5,
  status: 0.1,
} as const;

/** A publisher may send so much more than its bit rate, over so long: a keyframe of 4 s of bits in 5 s,
 * or twice the rate for 1.2 s, is a peak. */
export const BITRATE_EXCESS = 1.25;
export const BITRATE_WINDOW_US = 5_000_000;
/** Beyond that it is asked for less for so long, then loses its top layer ... */
export const BITRATE_ASKED_US = 5_000_000;
/** ... so much later its session ... */
export const BITRATE_SESSION_US = 10_000_000;
/** ... and has the layer back when it has kept to the rate for so long. */
export const BITRATE_LAYER_BACK_US = 30_000_000;
