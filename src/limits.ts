/**
 * Every maximum in one place, with the arithmetic behind it: a file of src/limits each room, exported from
 * here. Relations between limits are asserted here, so a change that breaks one fails at start.
 */
import { assert } from "./assert.ts";
import { FORCED_KEYFRAME_FORGOTTEN_US, PLI_INTERVAL_JOIN_US } from "./limits/repair.ts";
import {
  AUDIO_SLOTS,
  PAYLOAD_BYTES_MAX,
  RING_MARGIN,
  SLOT_BYTES,
  VIDEO_SLOTS_MAX,
} from "./limits/rings.ts";
import {
  CONSENT_CHECK_US,
  CONSENT_MEDIA_TIMEOUT_US,
  PATH_CHECKS_PER_SECOND,
  PATH_DEAD_CHECKS,
  RIDS_OFFERED_MAX,
  SSRCS_OFFERED_MAX,
} from "./limits/sessions.ts";
import { FRAME_BYTES_MAX } from "./limits/tails.ts";

export * from "./limits/cluster.ts";
export * from "./limits/connections.ts";
export * from "./limits/control.ts";
export * from "./limits/datagrams.ts";
export * from "./limits/loop.ts";
export * from "./limits/repair.ts";
export * from "./limits/rings.ts";
export * from "./limits/sessions.ts";
export * from "./limits/share.ts";
export * from "./limits/streams.ts";
export * from "./limits/tails.ts";

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
