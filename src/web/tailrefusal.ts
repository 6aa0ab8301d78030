/**
 * What keeps a tail from playing, as a person reads it. It may end: a publisher sends less, or another
 * one comes with another codec.
 */
export function tailRefusal(details: string, status: number): string {
  if (status === 422) return "This stream cannot be served over HLS.";
  if (details === "manifestIncompatibleCodecsError") {
    return "This browser has no decoder for this stream.";
  }
  return `Playback broke off (${details}).`;
}
