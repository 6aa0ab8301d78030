/** What is said of streams (src/control/streams). */
import { KIB } from "./units.ts";

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
