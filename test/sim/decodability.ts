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

/** What the publisher's network did to a stream, which no server can make good. */
export interface Excuses {
  /** By stream and frame id ("2/17"): part of it never came, or came when the viewer had gone on. */
  readonly damaged: ReadonlySet<string>;
  /** The same by picture ("2/5"): its last packet, with the marker, may be what is missing. */
  readonly pictures: ReadonlySet<string>;
  /** Where another stream takes over, the one before may end inside a picture. */
  readonly cuts: boolean;
}

const NONE: Excuses = { damaged: new Set(), pictures: new Set(), cuts: false };

/**
 * Checks packets in the order of their sequence numbers: every frame is whole, all that it refers to
 * was sent before it, a picture's timestamp is its own, grows, and its last packet, and no other,
 * has the marker bit.
 */
export function judge(packets: readonly SentPacket[], excuses: Excuses = NONE): Judged {
  const { damaged, pictures, cuts } = excuses;
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
    const key = `${stream}/${frame.id}`;
    if (damaged.has(key)) {
      // What is left of it tells nothing, but what refers to it is not to blame.
      decoded.add(key);
      before = null;
      continue;
    }
    if (before !== null && !samePicture) {
      const broken = pictures.has(`${before.stream}/${before.frame.picture}`);
      const cut = broken || (cuts && before.stream !== stream && frame.keyframe);
      if (!before.marker && !cut) fault(before, "picture ends without marker");
      if (((packet.timestamp - before.timestamp) | 0) <= 0) fault(packet, "time does not rise");
    }
    if (samePicture && before!.marker) fault(packet, "picture goes on after the marker");
    if (samePicture && before!.timestamp !== packet.timestamp) fault(packet, "two timestamps");
    parts = samePicture && before!.frame === frame ? parts + 1 : 1;
    if (packet.part !== parts - 1) fault(packet, `part ${packet.part} is not the next`);
    if (packet.part === packet.parts - 1) {
      frames += 1;
      for (const id of frame.references) {
        const known = decoded.has(`${stream}/${id}`) || damaged.has(`${stream}/${id}`);
        if (!known) fault(packet, `lacks frame ${id}`);
      }
      decoded.add(key);
    } else if (before !== null && packet.marker) {
      fault(packet, "marker inside a frame");
    }
    before = packet;
  }
  return { frames, faults };
}
