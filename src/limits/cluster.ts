/** Cluster (src/cascade, src/control/etcd). */

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
