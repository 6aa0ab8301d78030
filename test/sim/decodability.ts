/** Judges a viewer's stream by the truth about its frames, knowing nothing of how it was chosen. */
import type { Frame } from "./layered-stream.ts";

export interface Judged {
  /** Frames that came whole. */
  readonly frames: number;
  /** Why the stream is not clean; empty when it is. */
  readonly faults: readonly string[];
}

/** One packet as it left for the viewer. */
export interface SentPacket {
  /** Which stream (simulcast layer) it is from; frame ids are per stream. */
  readonly stream: number;
  readonly frame: Frame;
  /** Which packet of the frame, and of how many. */
  readonly part: number;
  readonly parts: number;
  readonly marker: boolean;
  readonly timestamp: number;
  readonly sequence: number;
}

/**
 * Checks packets in the order of their sequence numbers: every frame is whole, all that it refers to
 * was sent before it, a picture's timestamp is its own, grows, and its last packet, and no other,
 * has the marker bit.
 */
export function judge(packets: readonly SentPacket[]): Judged {
  const faults: string[] = [];
  const decoded = new Set<string>();
  let frames = 0;
  let parts = 0;
  let before: SentPacket | null = null;
  const fault = (packet: SentPacket, what: string) =>
    faults.push(`${packet.stream}/${packet.frame.id} at ${packet.sequence}: ${what}`);
  for (const packet of packets) {
    const { stream, frame } = packet;
    const samePicture =
      before !== null && before.stream === stream && before.frame.picture === frame.picture;
    if (before !== null && !samePicture) {
      if (!before.marker) fault(before, "picture ends without marker");
      if (((packet.timestamp - before.timestamp) | 0) <= 0) fault(packet, "time does not rise");
    }
    if (samePicture && before!.marker) fault(packet, "picture goes on after the marker");
    if (samePicture && before!.timestamp !== packet.timestamp) fault(packet, "two timestamps");
    parts = samePicture && before!.frame === frame ? parts + 1 : 1;
    if (packet.part !== parts - 1) fault(packet, `part ${packet.part} is not the next`);
    if (packet.part === packet.parts - 1) {
      frames += 1;
      for (const id of frame.references) {
        if (!decoded.has(`${stream}/${id}`)) fault(packet, `lacks frame ${id}`);
      }
      decoded.add(`${stream}/${frame.id}`);
    } else if (before !== null && packet.marker) {
      fault(packet, "marker inside a frame");
    }
    before = packet;
  }
  return { frames, faults };
}
