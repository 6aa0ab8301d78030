/** HTTP and the registry (src/control). */
import { KIB } from "./units.ts";

/** Characters of a stream name; with percent-encoding it stays far below a URL's usual 8 KiB. */
export const STREAM_NAME_LENGTH_MAX = 200;
/** Addresses with a rate-limit bucket at once: 64 Ki x about 100 B = 6.5 MB. */
export const RATE_LIMIT_ADDRESSES_MAX = 65_536;
/** A publisher silent for this long loses its name to a newcomer: it has crashed or reloaded. */
export const PUBLISHER_SILENCE_US = 2_000_000;
/** A publisher that has not connected keeps its name this long; then a newcomer may take it, such as
 * the same encoder trying again. DTLS takes well under a second, a few with heavy loss. */
export const CANDIDATE_HELD_US = 5_000_000;
/** Rings of a publisher that is gone stay for late retransmissions and slow readers this long. */
export const SOURCE_LINGER_US = 30_000_000;
/** A session that ended by itself still answers one DELETE with 200 for this long (OBS). */
export const TOMBSTONE_US = 10_000_000;
/** Tombstones kept at once: 16 Ki x about 100 B = 1.6 MB. */
export const TOMBSTONES_MAX = 16_384;
/** Event streams one viewer may have open at once; a page needs one. */
export const EVENT_STREAMS_PER_SESSION = 4;
/** Events that wait for a slow or absent reader of an event stream; older ones are dropped. */
export const EVENT_QUEUE_MAX = 64;
/** Comment lines keep event streams alive; below the HTTP server's idle timeout of 10 s. */
export const EVENT_HEARTBEAT_US = 5_000_000;
/** Players that listen get the layers' bit rates so often: what they measured over goes as fast. */
export const LAYERS_EVENT_US = 1_000_000;
/** A body of 64 KiB needs 50 kb/s to arrive in this time; clients give up at 8 s (OBS). */
export const BODY_TIMEOUT_MS = 10_000;
/** JSON bodies of the extensions are a few members. */
export const JSON_BYTES_MAX = 4 * KIB;
/** Notifications that wait for a slow hook; 1,024 x about 300 B = 300 KB. More are dropped. */
export const HOOK_QUEUE_MAX = 1024;

/** A viewer joins from the cached keyframe when that is at most this old ... */
export const JOIN_KEYFRAME_AGE_MAX_US = 2_000_000;
/** ... and at most this many bytes stand between it and the live edge: 1.6 s at 2.5 Mb/s. Four times
 * as much took a worker 2 ms more a join and overran receivers' buffers (measured at 100 joins/s). */
export const JOIN_BYTES_MAX = 500_000;
/** Packets kept for repair per video track at first, 1 s at 2.5 Mb/s ... */
export const SENT_HISTORY_VIDEO_START = 256;
/** ... and at most, 4 s: twice as many whenever they turn out to be of less than 2 s. */
export const SENT_HISTORY_VIDEO = 1024;
/** Packets kept for repair per audio track: 2.5 s, as long as the ring. */
export const SENT_HISTORY_AUDIO = 128;
/** Bytes of repair a viewer may cause at once, before its share of the traffic counts: one GOP's
 * keyframe of 50 packets ... */
export const RTX_BURST_BYTES = 64_000;
/** ... and, where it is sent more, its share of a second, up to this: 10 % of a 4K keyframe of 1 MB
 * (850 packets: 85 of them, 102 kB), a tenth of these again, and as much time. */
export const RTX_BURST_BYTES_MAX = 160_000;
/** A repair counts for this at least, which it takes on the wire however empty it is: 28 of IP and UDP,
 * 12 + 8 of header, 16 of tag. */
export const REPAIR_BYTES_MIN = 64;
/** Packets staged at once for all viewers of a ring: two frames of 2.5 Mb/s. */
export const STAGE_PACKETS = 32;
/** Packets of an unfinished frame wait for its end in their ring, but not more than these ... */
export const HELD_PACKETS_MAX = 16;
/** ... and as long as these for each packet and viewer are within the patience, us: six times what
 * sending takes, since what waits stands before the frame's end. */
export const HELD_COST_US = 24;
/** Sound waits for its stream's pictures for so long: lips and voice come no further apart. */
export const AUDIO_HELD_MAX_US = 5_000;
/** A viewer that catches up gets so many packets at once ... */
export const CATCH_UP_PACKETS = 16;
/** ... and the next ones after this time: 16 packets of 1.2 kB in 4 ms are 38 Mb/s, so that half a
 * megabyte is there after 105 ms, as far as feedback says that the path takes it. */
export const CATCH_UP_INTERVAL_US = 4_000;
/** Between nodes what lies in a ring leaves at so many times the rate at which its publisher sends: what
 * was missed for two seconds is made up for in two, ... */
export const CATCH_UP_RATE = 2;
/** ... or at so many times where a fifth of it gets lost, ... */
export const CATCH_UP_RATE_LOST = 1.25;
/** ... at these bits a second at least: a group of 2 s at 300 kb/s is there after half a second, ... */
export const CATCH_UP_BITS_MIN = 1_000_000;
/** ... and so much of it at once, a keyframe of most layers: 16 packets of 1.2 kB. */
export const CATCH_UP_BURST_BYTES = 19_200;
/**
 * Of what lies in rings so much leaves on one link between nodes at once: a receive buffer of Linux'
 * default size (208 KiB) holds some 90 packets ...
 */
export const LINK_BURST_PACKETS = 64;
/** ... and so much a second, at 12 us a packet a fifth of a core at the other end. */
export const LINK_REPEATS_PER_SECOND = 16_000;

/** An egress worker is overloaded when it is busy for more than this share of its time ... */
export const OVERLOAD_BUSY = 0.85;
/** ... and the median frame waits longer than this before it is served: ordinary bursts of a thousand
 * viewers take up to 100 ms, rings hold seconds; ... */
export const OVERLOAD_LAG_US = 150_000;
/** ... both for so long. Then newcomers are refused ... */
export const OVERLOAD_HOLD_US = 3_000_000;
/** ... until it is busy for less than this share: each viewer costs about a thousandth. */
export const OVERLOAD_LEAVE_BUSY = 0.7;
/** A publisher is given so long for the keyframe that a join asks of it: a round trip of 200 ms and a
 * frame of 30 a second. Without it the join begins at the cached keyframe, however old that is. */
export const JOIN_ANSWER_US = 300_000;
