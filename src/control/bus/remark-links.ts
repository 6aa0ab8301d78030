/** What is said of streams, between this node and those that have them from it or give them. */
import type { RemarkEvent } from "../../contract/cluster.ts";
import type { NumberedRemark } from "../../wire/cascade/remark.ts";
import type { MediaPlane, RelayPlane } from "../plane/plane.ts";
import { type Remark, readRemark } from "../streams/remark.ts";
import type { Stream } from "../streams/stream.ts";
import type { Streams } from "../streams/streams.ts";
import type { Sink } from "./bus.ts";
import type { Discussions } from "./discussions.ts";

interface RemarkLinksOptions {
  readonly relay: RelayPlane;
  readonly streams: Streams;
  readonly discussions: Discussions;
}

/** Null where this node belongs to no cluster. */
export function startRemarks(
  { relay }: MediaPlane,
  streams: Streams,
  discussions: Discussions,
): RemarkLinks | null {
  return relay === null ? null : new RemarkLinks({ relay, streams, discussions });
}

export class RemarkLinks {
  readonly #options: RemarkLinksOptions;

  constructor(options: RemarkLinksOptions) {
    this.#options = options;
  }

  readonly hear: Sink = (event) => {
    if (event.type !== "remark") return;
    const { stream, remark } = event;
    const remarks = [numbered(remark)];
    this.#options.relay.send({ type: "tell-remarks", stream: stream.number, remarks });
  };

  /** What the relay worker tells. */
  readonly handle = (event: RemarkEvent): void => {
    const { relay, discussions } = this.#options;
    const stream = this.#numbered(event.stream);
    if (stream === null) return;
    if (event.type === "remarks") {
      for (const { json } of event.remarks) {
        const remark = readRemark(new TextDecoder().decode(json));
        if (remark !== null) discussions.take(stream, remark);
      }
      return;
    }
    const { session, alias, since } = event;
    const remarks = discussions.since(stream.name, since).map(numbered);
    relay.send({ type: "give-remarks", session, alias, remarks });
  };

  #numbered(number: number): Stream | null {
    for (const stream of this.#options.streams.values()) {
      if (stream.number === number) return stream;
    }
    return null;
  }
}

function numbered(remark: Remark): NumberedRemark {
  return { id: remark.id, json: new TextEncoder().encode(JSON.stringify(remark)) };
}
