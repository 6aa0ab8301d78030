/** Rings and what a slot takes (src/ring). */

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
