/** Machines of a network, a namespace each: between every two of them a link of its own each way. */
import type { LinkOptions } from "../sim/link.ts";
import { addressOf, type ForwarderFigures } from "./emulator-messages.ts";
import { Forwarding } from "./forwarding.ts";

export interface StarOptions {
  readonly seed: number;
  readonly nodes: number;
  /** What a packet meets on its way from one node to another. */
  readonly link: (from: number, to: number) => Omit<LinkOptions, "rate">;
  /** The network falls to pieces by itself after so long. */
  readonly seconds: number;
}

export class StarEmulator {
  private constructor(
    readonly nodes: number,
    private readonly forwarding: Forwarding,
  ) {}

  /** Call `close` whatever happens. */
  static async open({ seed, nodes, link, seconds }: StarOptions): Promise<StarEmulator> {
    const all = Array.from({ length: nodes }, (_, node) => node);
    const links = all.flatMap((from) =>
      all.filter((to) => to !== from).map((to) => ({ from, to, options: link(from, to) })),
    );
    const roles = all.map((node) => `node${node}`);
    return new StarEmulator(nodes, await Forwarding.open({ seed, seconds, links, roles }));
  }

  get namespaces(): readonly string[] {
    return this.forwarding.namespaces;
  }

  address(node: number): string {
    return addressOf(node);
  }

  /** A command that runs at a node. */
  inside(node: number, command: readonly string[]): string[] {
    return this.forwarding.inside(node, command);
  }

  /** From now on, or no more, nothing that one node sends reaches the other. */
  cut(from: number, to: number, on: boolean): void {
    this.forwarding.send({ type: "cut", link: this.#place(from, to), on });
  }

  /** From now on nothing longer passes between two nodes, either way, and nobody is told. */
  narrow(a: number, b: number, bytes: number): void {
    for (const link of [this.#place(a, b), this.#place(b, a)]) {
      this.forwarding.send({ type: "mtu", link, bytes });
    }
  }

  /** From now on, or no more, nothing is lost by chance: what was lost before can be repaired. */
  calm(on: boolean): void {
    this.forwarding.send({ type: "calm", on });
  }

  /** Since the last call. */
  async figures(): Promise<ForwarderFigures> {
    return await this.forwarding.figures();
  }

  /** Of figures, what one node sent to another. */
  between(figures: ForwarderFigures, from: number, to: number) {
    return figures.links[this.#place(from, to)]!;
  }

  /** Ends what runs in the namespaces and removes them. */
  async close(): Promise<void> {
    await this.forwarding.close();
  }

  /** In the plan: all links of the first node, then all of the next. */
  #place(from: number, to: number): number {
    return from * (this.nodes - 1) + (to > from ? to - 1 : to);
  }
}
