/**
 * The frames of a link between two nodes, by number: PROTOCOL.md beside this file has every byte.
 * A number is never used again for something else. One of 128 or more is passed on down the tree
 * unread by nodes that do not know it.
 */

/** The protocol versions that this build speaks. Neighbouring versions work together. */
export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;

/** Frames that may be lost, come twice or out of order. */
export const Frame = {
  ordered: 1,
  acknowledge: 2,
  ping: 3,
  pong: 4,
  heads: 5,
  keyframe: 6,
  fill: 7,
  figures: 8,
  timing: 9,
  data: 10,
  half: 11,
} as const;

/** What travels inside `ordered`: each once, in the order of the sender. */
export const Message = {
  hello: 16,
  cores: 17,
  name: 18,
  unname: 19,
  subscribe: 20,
  accept: 21,
  refuse: 22,
  notReady: 23,
  update: 24,
  unsubscribe: 25,
  path: 26,
  ring: 27,
  parameterSets: 28,
  ownQuestion: 29,
  own: 30,
  where: 31,
  nowhere: 32,
  drain: 34,
  close: 35,
  role: 36,
  rekey: 40,
  ask: 48,
  answer: 49,
  cutWish: 50,
  remarksWish: 51,
  cut: 128,
  remarks: 129,
} as const;

/** Bytes of a node id: the first of the SHA-256 of its public key. */
export const NODE_ID_BYTES = 16;
/** Nodes that media passes at most, the root and the last edge among them. */
export const PATH_NODES_MAX = 4;
/** Rings of one stream: the audio and eight layers of video. */
export const STREAM_RINGS_MAX = 9;
