/** Repair: packets asked for again, keyframes (src/ingest, src/egress). */

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
