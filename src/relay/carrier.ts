import type { LinkSecurity } from "../cascade/greeting.ts";
import type { Handover } from "../cascade/handover.ts";
import { associationOf } from "../cascade/keyring.ts";
import type { Link } from "../cascade/link.ts";
import type { NodeId } from "../cascade/node-id.ts";
import type { LinkTraffic } from "../contract/cluster.ts";
import { Halves } from "../wire/cascade/half.ts";
import { DataWriter } from "./data-writer.ts";
import { LinkOutput } from "./link-output.ts";
import type { LinkPort } from "./link-port.ts";

/** Of a link that is not there. */
export const NO_TRAFFIC: LinkTraffic = { datagramsIn: 0, bytesIn: 0, datagramsOut: 0, bytesOut: 0 };

/** What is on its way over a link, by whichever session carries it. */
export class Carrier {
  readonly output: LinkOutput;
  readonly writer: DataWriter;
  readonly halves = new Halves();
  readonly node: NodeId;
  /** Of its first session. */
  readonly association: Uint8Array;
  /** Where that was dialled; null for one that was accepted. */
  readonly address: string | null;
  /** Set as soon as the link is there. */
  handover!: Handover;
  link!: Link;
  /** Sessions that may carry it on, and what makes a link of its own of each. */
  readonly separate = new Map<number, (now: number) => void>();
  /** Open ones, by session. */
  readonly ports = new Map<number, LinkPort>();
  /** When nothing had come of it for long, at last. */
  doubtedAt = Number.NEGATIVE_INFINITY;
  /** Datagrams that came, and bytes of frames in them. */
  datagramsIn = 0;
  bytesIn = 0;
  #port: LinkPort;

  constructor(
    port: LinkPort,
    { node, exported }: LinkSecurity,
    address: string | null,
    counters: Float64Array,
  ) {
    this.node = node;
    this.association = associationOf(exported);
    this.address = address;
    this.#port = port;
    this.ports.set(port.session, port);
    this.output = new LinkOutput(port);
    this.writer = new DataWriter(this.output, counters);
  }

  get traffic(): LinkTraffic {
    const { datagramsIn, bytesIn, output } = this;
    return { datagramsIn, bytesIn, datagramsOut: output.datagrams, bytesOut: output.bytes };
  }

  /** That what it says leaves by. */
  get port(): LinkPort {
    return this.#port;
  }

  use(port: LinkPort): void {
    this.#port = port;
    this.output.use(port);
  }
}
