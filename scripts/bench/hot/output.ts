/** Where the egress's datagrams go instead of into sockets. */

import { libc } from "../../../src/io/libc.ts";
import { pinnedRegion } from "../../../src/io/pinned.ts";
import { UdpSender } from "../../../src/io/udp-sender.ts";
import { SEND_ARENA_BYTES, SLOT_BYTES } from "../../../src/limits.ts";
import type { Region } from "../../../src/srtp/cipher.ts";
import type { Path, Transport } from "../../../src/wire/path.ts";

/** A transport, and what a worker does with it at the end of a turn. */
export interface HotOutput {
  readonly via: Transport;
  flush(): void;
  /** Datagrams so far; null where nobody counts them. */
  datagrams(): number | null;
}

/** `sink`: takes and counts. `none`: places and nothing else. `segments`: UdpSender, but no kernel. */
export type HotOutputKind = "sink" | "none" | "segments";

export function hotOutput(kind: HotOutputKind): HotOutput {
  if (kind === "none") return noOutput();
  const sender = kind === "sink" ? new Sink() : deafSender();
  return {
    via: sender,
    flush: () => void sender.flush(),
    datagrams: () => (sender instanceof Sink ? sender.datagrams : null),
  };
}

/** Takes datagrams into an arena of UdpSender's size, counts and forgets them. */
class Sink implements Transport {
  readonly region: Region = pinnedRegion(SEND_ARENA_BYTES);
  readonly stalled = false;
  readonly backlog = null;
  datagrams = 0;
  #end = 0;

  reserve(bytes: number): number {
    if (this.#end + bytes > SEND_ARENA_BYTES) this.flush();
    return this.#end;
  }

  commit(_path: Path, length: number): void {
    this.#end += length;
    this.datagrams += 1;
  }

  send(): void {
    throw new Error("nothing is sent but what was reserved");
  }

  flush(): void {
    this.#end = 0;
  }
}

/** The same places of such an arena, without a sender: what is written finds the same cache lines. */
function noOutput(): HotOutput {
  const region = pinnedRegion(SEND_ARENA_BYTES);
  let end = 0;
  const via: Transport = {
    region,
    stalled: false,
    backlog: null,
    reserve: () => end,
    commit: (_path, length) => {
      end += length;
      if (end > SEND_ARENA_BYTES - SLOT_BYTES) end = 0;
    },
    send: () => {},
  };
  const flush = (): void => {
    end = 0;
  };
  return { via, flush, datagrams: () => null };
}

/** The real sender, with all its books of messages and segments, and a kernel that takes everything. */
function deafSender(): UdpSender {
  Object.assign(libc, { sendmmsg: (_fd: number, _messages: unknown, count: number) => count });
  return new UdpSender(-1, true);
}
