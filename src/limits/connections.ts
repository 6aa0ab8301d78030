/** Media by TCP (src/host, src/control/plane). */
import { KIB } from "./units.ts";

/** What waits for a client's connection in this process: 0.35 s at 1.5 Mb/s, and a keyframe of as much.
 * What is more waits in its ring, where it costs nothing. 1,000 connections take 64 MiB. */
export const CONNECTION_ARENA_BYTES = 64 * KIB;
/** The same in the kernel, beside what is on its way: a tenth of a second at 1.5 Mb/s. */
export const NOTSENT_BYTES_MAX = 16 * KIB;
/** Taken by one read: 12 packets of media. */
export const STREAM_READ_BYTES = 16 * KIB;
/** A connection that had something waiting for so long gets no media until all has left, ... */
export const TCP_STALL_US = 100_000;
/** ... after so long the smallest layer, ... */
export const TCP_SLOW_US = 200_000;
/** ... what is so much older than when it began is left out up to a keyframe, ... */
export const TCP_LAG_MAX_US = 500_000;
/** ... and one that takes nothing for so long, as consent lasts (RFC 7675), is over. */
export const TCP_BLOCKED_US = 10_000_000;
/** A connection's first frame is a check of some 100 bytes. */
export const FIRST_FRAME_BYTES_MAX = KIB;
/** ... which is on its way when the connection stands; three retransmissions fit. A connection that is
 * no session's is over after as long. */
export const FIRST_FRAME_US = 5_000_000;
/** Connections that wait for it: as many clients behind one address as come within 5 s, and 16 such
 * addresses, at 1 KiB each. The oldest makes room. */
export const PENDING_CONNECTIONS_PER_ADDRESS = 64;
export const PENDING_CONNECTIONS_MAX = 1024;
/** A client has one for each address of its own that it tries. */
export const CONNECTIONS_PER_SESSION = 4;
