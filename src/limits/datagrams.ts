/** Datagrams: what one takes in, what one hands over (src/io, src/intake). */
import { KIB, MIB } from "./units.ts";

/** Room for a datagram: Ethernet's 1,500 bytes fit, and so does anything a path with that MTU carries. */
export const DATAGRAM_BYTES_MAX = 1536;
/** One message of a DTLS handshake: four certificates of 2 KiB. Five at once are 80 KiB a session, kept
 * until it is connected and only while its peer sends that much. */
export const DTLS_MESSAGE_BYTES_MAX = 8 * KIB;
/** Datagrams taken by one recvmmsg call. 64 x 1.5 KiB = 96 KiB of arena per socket. */
export const RECEIVE_BATCH = 64;

/** Segments of one UDP_SEGMENT message: a whole frame of 4 Mb/s at 30/s. Frames of 9 packets cost the
 * kernel 0.9 us a packet as one message and 1.5 as 8 + 1; the wire sees the same burst either way. */
export const GSO_SEGMENTS_MAX = 16;
/** Messages handed over by one sendmmsg: 32 to 128 cost the same a packet (measured). */
export const SEND_MESSAGES_MAX = 128;
/** 32 messages x 7 segments of 1.2 kB. What is sealed there is read again by the kernel: with 1 MiB it
 * had left the core's cache by then, and sealing into it cost a tenth more. */
export const SEND_ARENA_BYTES = MIB / 4;
