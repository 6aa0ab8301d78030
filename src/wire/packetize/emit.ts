/**
 * Takes one payload: the first `length` bytes of `payload`, which is overwritten after the call.
 * `last` marks the last packet of the frame: the RTP marker bit for video.
 */
export type EmitPayload = (payload: Uint8Array, length: number, last: boolean) => void;
