/** Tails and recordings (src/packager, src/archive). */
import { KIB, MIB } from "./units.ts";

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

/** Viewers may go back so far at most: 21,600 segments of 2 s a rendition x (250 + 400) B: 14 MB. */
export const DVR_MAX_US = 43_200_000_000;
/** Segments of a rendition that wait for a slow disk: the tail has as many in memory in any case. */
export const ARCHIVE_WAITING_MAX = 6;
/** A folder that failed is tried again after so long. */
export const ARCHIVE_RETRY_US = 5_000_000;

/** One frame of any codec: a 4K keyframe of 1 MB four times, or 1.6 s at 20 Mb/s. More is dropped. */
export const FRAME_BYTES_MAX = 4 * MIB;
/** Parameter sets of all ids together: an SPS has some 30 B, with scaling lists 500, a PPS 6. */
export const PARAMETER_SETS_BYTES_MAX = 4 * KIB;
