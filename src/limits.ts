/**
 * Every maximum in one place, with the arithmetic behind it. Relations between limits are asserted
 * at the end of this file, so a change that breaks one fails at start.
 */
import { assert } from "./assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

// -- Datagrams ---------------------------------------------------------------------------------

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

// -- Media by TCP (src/host, src/control/plane) ------------------------------------------------

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

// -- Rings (src/ring) --------------------------------------------------------------------------

/** One slot: 64 B of description + 128 B of header extensions + 1,856 B for the payload. */
export const SLOT_BYTES = 2048;
/** Largest RTP payload a slot takes: SLOT_BYTES - 192; above the 1,460 that a 1,500 B MTU allows. */
export const PAYLOAD_BYTES_MAX = 1856;
/** Sides of a picture: the blocks of the smallest transform, and what AV1 level 6 and VP8 can say. */
export const PICTURE_SIDE_MIN = 8;
export const PICTURE_SIDE_MAX = 16_384;
/** Luma samples of a picture at level 6.2 of H.264, H.265 and AV1: 8,192 x 4,352. */
export const PICTURE_AREA_MAX = 8192 * 4352;
/** 128 packets of 20 ms are 2.5 s of audio. */
export const AUDIO_SLOTS = 128;
/** 512 packets of 1.2 kB are 2 s at 2.4 Mb/s. */
export const VIDEO_SLOTS_START = 512;
/** 8,192 packets of 1.2 kB are 10 s at 7.8 Mb/s; 16 MiB. */
export const VIDEO_SLOTS_MAX = 8192;
/** Readers stay this many slots away from the writer's head, so that a slot is never read while it
 * is overwritten. 32 slots are 32 packets: more than one receive batch writes into one ring between
 * two looks of a reader that copies at once. */
export const RING_MARGIN = 32;
/** Workers that read rings, of all kinds together (src/contract/workers.ts): each has a cache line in
 * every ring, 64 x 64 B = one page. */
export const READER_THREADS_MAX = 64;
/** Rings that exist at once; one bit each in a reader's dirty bitmap. */
export const RINGS_MAX = 4096;

// -- Sessions ----------------------------------------------------------------------------------

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

// -- A session's share of its worker -----------------------------------------------------------------

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

// -- Repair ------------------------------------------------------------------------------------

/** A hole is asked for again and again until it is this old. */
export const NACK_AGE_MAX_US = 500_000;
/** Sequence numbers taken from one NACK packet; more is a flood. */
export const NACK_SEQUENCES_MAX = 48;
/** Packets that one transport-cc feedback may speak of: 2 s at 1,000 a second. */
export const FEEDBACK_STATUSES_MAX = 2048;
/** Retransmitted bytes a viewer may cause, probes among them, as a share of what it is sent. */
export const RTX_SHARE_MAX = 0.15;
/** Joins ask the publisher for a keyframe at most this often per layer ... */
export const PLI_INTERVAL_JOIN_US = 2_000_000;
/** ... segments of a playlist this often, whatever viewers ask besides, ... */
export const PLI_INTERVAL_SEGMENT_US = 1_000_000;
/** ... decoder failures this often, ... */
export const PLI_INTERVAL_FAILURE_US = 500_000;
/** ... as long as those forced within some seconds are few: each counts for two seconds; beyond four
 * of them the interval doubles with each, up to that of joins. At 500 ms an encoder spends a third of
 * its bits on keyframes, and every viewer pays for it with the picture. */
export const FORCED_KEYFRAMES_FREE = 4;
export const FORCED_KEYFRAME_FORGOTTEN_US = 2_000_000;
/** One viewer's keyframes for a decoder that failed: four within two seconds, then one in ten. With
 * 10 % loss a keyframe of 300 packets fails once in some 10^3 (three repairs lost in a row: 300 x
 * 0.1^4 = 3 %, of which the later repairs mend all but 1 in 30), so an honest one needs far less. */
export const KEYFRAMES_FAILED_BURST = 4;
export const KEYFRAMES_FAILED_PER_SECOND = 0.1;
/** ... and for changes of its layer: three steps down and up again, asked twice each, then one in
 * four seconds: a layer that was left is tried again after seconds (src/media/layer-choice.ts). */
export const KEYFRAMES_SWITCH_BURST = 12;
export const KEYFRAMES_SWITCH_PER_SECOND = 0.25;

// -- Tails (src/packager, src/control) -----------------------------------------------------------

/** Parts of one tail: 30 s that are listed and as much that was up to 8 Mb/s; six of 2 s up to 35 Mb/s. */
export const TAIL_BYTES_MAX = 64 * MIB;
/** Segments that a playlist lists, by their time. */
export const TAIL_WINDOW_US = 30_000_000;
/** Cues and captions that one lists: 2 KiB of JSON are 3 KiB there. */
export const TAIL_DATES_MAX = 100;
/** How a stream was cut is kept for nodes that come later: as far back as a group of pictures that goes
 * on may begin, some 20 KB of three layers with parts of 0.5 s ... */
export const CUTS_KEPT_US = 15_000_000;
/** ... and no more of a stream than that, of eight layers with parts of 0.2 s. */
export const CUTS_BYTES_MAX = 256 * KIB;
/** A tail that nobody has asked for so long is cut no more: a player asks each second. */
export const TAIL_UNASKED_US = 60_000_000;
/** A publisher may be away for so long before its playlists end ... */
export const TAIL_GRACE_US = 30_000_000;
/** ... and what they name stays for so long: as long as they are. */
export const TAIL_ENDED_US = 30_000_000;
/** One that broke off by a mistake of ours begins anew after so long: what made it may come again. */
export const TAIL_AGAIN_US = 5_000_000;
/** Who asks first is told of all layers whose first keyframe comes within so long of the first of them:
 * a player goes on with what it was told. Layers that an encoder begins together are 100 ms apart. */
export const TAIL_LAYERS_US = 1_000_000;
/** A request waits for what is about to come: three times the target duration (6.2.5.2), below the ten
 * seconds after which hls.js gives up. */
export const TAIL_WAIT_US = 9_000_000;
/** Requests that wait for a part or a playlist, or listen to events: 20,000 x some 2 KiB are 40 MiB ... */
export const HELD_REQUESTS_MAX = 20_000;
/** ... and of one address: a company of 500 players behind one, each with two. Loopback is exempt. */
export const HELD_REQUESTS_OF_ADDRESS_MAX = 1_000;
/** A picture of a stream is sought for so long: a keyframe that is asked for comes within a second, or
 * the publisher sends them as it likes, some seconds apart ... */
export const STILL_SOUGHT_US = 6_000_000;
/** ... and is as good as another one for so long: a page full of pictures costs each publisher one
 * keyframe in that time at most, and the server some 50 KB a stream. */
export const STILL_KEPT_US = 10_000_000;
/** A playlist's copies with tokens in their URIs, zipped, until its next part: those that many share are
 * few. 100 of half a minute with tokens of 8 KiB, or three of twelve hours. */
export const TAIL_COPIES_BYTES_MAX = MIB;
/** What a token grants is looked up again after so long: 500 players with their own show them 2,250
 * times a second. A reload looks it up at once. */
export const TOKENS_KEPT_US = 10_000_000;
/** Tokens of which that is kept: 8 Ki x some 300 B are 2.5 MB; 64 MiB if each is as long as can be. */
export const TOKENS_KEPT_MAX = 8_192;

// -- Recordings (src/archive) --------------------------------------------------------------------

/** Viewers may go back so far at most: 21,600 segments of 2 s a rendition x (250 + 400) B: 14 MB. */
export const DVR_MAX_US = 43_200_000_000;
/** Segments of a rendition that wait for a slow disk: the tail has as many in memory in any case. */
export const ARCHIVE_WAITING_MAX = 6;
/** A folder that failed is tried again after so long. */
export const ARCHIVE_RETRY_US = 5_000_000;

// -- What is said of streams (src/control) -------------------------------------------------------

/** The body of one that is sent: a line of chat in any script, or what a page makes of it. */
export const EVENT_BYTES_MAX = 2 * KIB;
/** Characters of its text. */
export const EVENT_TEXT_MAX = 500;
/** Characters of a sender's name that are told. */
export const EVENT_NAME_MAX = 64;
/** It may be about a picture so much older or newer than its coming: the slowest tail, and a clock that
 * is off. */
export const EVENT_AWAY_MAX_MS = 10_000;
/** One sender may say so many at once, and then one a second: who types quickly. */
export const EVENT_BURST = 5;
export const EVENTS_PER_SECOND = 1;
/** Senders of whom that is remembered: 64 Ki x about 100 B = 6.5 MB. */
export const EVENT_SENDERS_MAX = 65_536;
/** All senders of a stream together: nobody reads faster, and each goes to all who listen. */
export const STREAM_EVENTS_BURST = 100;
export const STREAM_EVENTS_PER_SECOND = 50;
/** Reactions are counted together so often, less a look of the thread that counts ... */
export const REACTIONS_US = 400_000;
/** ... those that are alike; so many kinds of them at once. */
export const REACTION_KINDS_MAX = 16;
/** Up to so many who listen hear each event at once. To more they go out together, so often that sending
 * takes a tenth of the thread: 9 us for each (measured with 2,000). 20,000 hear each 2 s. */
export const EVENT_LISTENERS_AT_ONCE = 100;
export const EVENT_LISTENER_US = 100;
/** Of a stream so many are kept, so long, for those who come later or come back ... */
export const EVENTS_KEPT_MAX = 200;
export const EVENTS_KEPT_US = 900_000_000;
/** ... and of all streams together: 16 Ki x some 3 KiB with what goes out are 48 MiB. */
export const EVENTS_KEPT_OF_ALL_MAX = 16_384;

// -- HTTP and the registry (src/control) ---------------------------------------------------------

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

// -- Cluster (src/cascade) -----------------------------------------------------------------------

/** Secrets that a node accepts at once: one that goes, one that comes, and a spare. */
export const SECRETS_MAX = 3;
/** Nodes that one is told to begin with; any that is up will do. */
export const SEEDS_MAX = 16;
/** Members of etcd that a node is told: more do not make it safer. */
export const ETCD_ENDPOINTS_MAX = 9;
/** One answer of etcd: the keys of 4,096 names, of 480 B in base64 at most, are 2 MB. */
export const ETCD_ANSWER_BYTES_MAX = 4 * 1024 * 1024;
/** Addresses that a node says it is reached at: another one tries them one after the other. */
export const NODE_ADDRESSES_MAX = 8;
/** Characters of a cluster's name, of a region and of a version. */
export const NODE_TEXT_MAX = 64;
/** Streams that a node pulls for others alone, while it publishes and shows what it likes: 256 x 2.5 Mb/s =
 * 640 Mb/s, 73,000 packets of 1,100 B a second, which at some 5 us each to open and to store are 0.4 of the
 * relay's core. More are refused as full: another node gets them. */
export const PULLED_FOR_OTHERS_MAX = 256;
/** Bits a second that a viewer is expected to be sent, or a stream to have, while nothing was measured: 720p
 * of 30 frames a second and stereo, as most publish it. */
export const VIEWER_BITS_ASSUMED = 2_500_000;
/** Beside a stream's pictures its sound is taken for so much: stereo, as browsers and OBS send it. */
export const AUDIO_BITS_ASSUMED = 130_000;
/** A viewer that a full node sends to another has so long for it: two connects of 10 s, and some. */
export const TICKET_LIFE_MS = 30_000;
/** Nodes that may send a viewer on: the second one knows what the first did not, a third would be luck. */
export const TICKET_HOPS_MAX = 2;
/** Letters of a ticket: 200 of a name at 3 bytes, 5 node ids and numbers, 32 of HMAC are some 800 B, and
 * a third more in base64. */
export const TICKET_LENGTH_MAX = 1536;
/** Used ones that are remembered, each for its 30 s: 64 Ki x about 100 B = 6.5 MB, 2,000 a second. */
export const TICKET_NONCES_MAX = 65_536;
/** Of what a node can give to viewers one takes so much, by rule of thumb: each costs about a thousandth
 * of a core. */
export const VIEWER_SHARE = 0.001;

// -- The tail (src/packager) ---------------------------------------------------------------------

/** One frame of any codec: a 4K keyframe of 1 MB four times, or 1.6 s at 20 Mb/s. More is dropped. */
export const FRAME_BYTES_MAX = 4 * MIB;
/** Parameter sets of all ids together: an SPS has some 30 B, with scaling lists 500, a PPS 6. */
export const PARAMETER_SETS_BYTES_MAX = 4 * KIB;

// -- Warming up (src/rehearsal) ------------------------------------------------------------------

/** Processor time that a thread may take to warm up: with three workers on two cores, and the
 * compiler's threads beside them, a server is ready within 2 s. */
export const WARM_UP_MAX_US = 500_000;
/** Where the processor is scarce a thread that has warmed up for so long is ready as it is. */
export const WARM_UP_WAIT_MAX_US = 1_500_000;

// -- Loop --------------------------------------------------------------------------------------

/** Longest sleep of a media worker. */
export const SLEEP_MAX_US = 20_000;
/** No turn of a worker's loop is longer. */
export const TURN_MAX_US = 5_000;
/** A worker that had the processor for this long, or was blocked, without a sign of life is replaced;
 * one that waits for the processor is not. */
export const HEARTBEAT_TIMEOUT_MS = 1_000;
/** A blocked worker of a machine under pressure is waited for this long: what it waits for may itself
 * get no processor. */
export const STARVED_PATIENCE_MS = 5_000;
/** Socket buffers asked for: 4 MiB hold a keyframe burst of 1,000 viewers (coturn#1902). */
export const SOCKET_BUFFER_BYTES = 4 * MIB;

assert(SLOT_BYTES - 192 === PAYLOAD_BYTES_MAX, "slot parts tile the slot");
assert((VIDEO_SLOTS_MAX & (VIDEO_SLOTS_MAX - 1)) === 0, "slot counts are powers of two");
assert(FRAME_BYTES_MAX <= VIDEO_SLOTS_MAX * PAYLOAD_BYTES_MAX, "a ring can hold the largest frame");
assert(RING_MARGIN * 2 <= AUDIO_SLOTS, "a reader can use at least half of the smallest ring");
assert(
  FORCED_KEYFRAME_FORGOTTEN_US <= PLI_INTERVAL_JOIN_US,
  "at the interval of joins the forced keyframes are forgotten as fast as they come",
);
assert(2 * CONSENT_CHECK_US <= CONSENT_MEDIA_TIMEOUT_US, "one lost consent check stops nothing");
assert(PATH_DEAD_CHECKS < PATH_CHECKS_PER_SECOND, "a dead path is found within the budget");
assert(SSRCS_OFFERED_MAX === 3 * RIDS_OFFERED_MAX, "each layer has media, RTX and FEC");
