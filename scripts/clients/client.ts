/** What the clients written in TypeScript share: WHIP and WHEP by fetch, counting, telling. */
import { createSocket } from "node:dgram";

/** The arguments of a client: `publish|view URL SECONDS [VIDEO_PORT AUDIO_PORT]`. */
export interface Order {
  readonly role: "publish" | "view";
  readonly url: string;
  readonly seconds: number;
  readonly videoPort: number;
  readonly audioPort: number;
}

export function readOrder(): Order {
  const [role, url, seconds, videoPort, audioPort] = process.argv.slice(2);
  if (role !== "publish" && role !== "view") throw new Error(`no role: ${role}`);
  return {
    role,
    url: url!,
    seconds: Number(seconds),
    videoPort: Number(videoPort),
    audioPort: Number(audioPort),
  };
}

let posted = 0;

/** POSTs an offer. Throws with the server's words when it is refused. */
export async function join(
  url: string,
  offer: string,
): Promise<{ answer: string; session: string }> {
  posted = performance.now();
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: offer,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
  return { answer, session: new URL(response.headers.get("Location")!, url).href };
}

/** One line of JSON: what happened, and how many ms after the POST. */
export function tell(event: "connected" | "media" | "end", fields: object = {}): void {
  const ms = Math.round(performance.now() - posted);
  console.log(JSON.stringify({ event, ms, ...fields }));
}

/** DELETEs the session and tells the end. */
export async function leave(session: string, received: Received | null): Promise<void> {
  const { status } = await fetch(session, { method: "DELETE" });
  tell("end", { deleted: status, ...(received?.figures() ?? {}) });
}

/** Packets that come to a local port, for as long as the process runs. */
export function receive(port: number, packet: (bytes: Buffer) => void): void {
  createSocket("udp4", packet).bind(port, "127.0.0.1");
}

/** Counts what came from the sequence numbers of each kind. */
export class Received {
  #packets = 0;
  #frames = 0;
  readonly #ranges = new Map<string, { first: number; last: number }>();

  note(kind: "audio" | "video", sequence: number, marker: boolean): void {
    this.#packets += 1;
    const range = this.#ranges.get(kind);
    if (range === undefined) this.#ranges.set(kind, { first: sequence, last: sequence });
    else {
      // RFC 3550 A.1: numbers count modulo 2^16; what is less than half a round ahead is newer.
      const step = ((sequence - range.last) << 16) >> 16;
      if (step > 0) range.last += step;
    }
    if (kind !== "video" || !marker) return;
    if (this.#frames === 0) tell("media");
    this.#frames += 1;
  }

  figures(): object {
    let expected = 0;
    for (const { first, last } of this.#ranges.values()) expected += last - first + 1;
    const lost = Math.max(0, expected - this.#packets);
    return { packets: this.#packets, lost, frames: this.#frames };
  }
}
