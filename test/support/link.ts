/** What makes a stream live without a session of ours. */
import type { CloseReason } from "../../src/contract/session.ts";
import { RingLease } from "../../src/control/plane/lease.ts";
import { Source } from "../../src/control/streams/source.ts";
import type { Stream } from "../../src/control/streams/stream.ts";
import type { Harness } from "./control-harness.ts";

/** Brings a VP8 video of one layer from elsewhere, in rings of its own. */
export class Link {
  readonly source: Source;
  readonly stream: Stream;
  readonly ends: CloseReason[] = [];
  readonly #h: Harness;

  constructor(h: Harness, name: string) {
    this.#h = h;
    const { streams } = h.control.registry;
    const lease = RingLease.take(h.plane, [{ kind: "video", rids: [] }], 0)!;
    const ring = lease.rings[0]![0]!;
    this.source = new Source({
      epoch: streams.nextEpoch(),
      sinceUs: h.nowUs,
      origin: { kind: "link", address: "192.0.2.77", end: (reason) => this.#endedByUs(reason) },
      lease,
      tracks: [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 1, ring }],
    });
    this.stream = streams.of(name);
    streams.goLive(this.stream, this.source);
  }

  /** Its far end is gone. */
  lose(reason: CloseReason): void {
    this.#h.control.registry.streams.ended(this.stream, this.source, reason);
    this.source.lease.writerGone();
  }

  #endedByUs(reason: CloseReason): void {
    this.ends.push(reason);
    this.lose(reason);
  }
}
