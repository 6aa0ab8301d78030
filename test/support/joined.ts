/** Control threads that belong to one cluster: what one asks reaches the others, without links. */
import type { ClusterCommand, LinkState } from "../../src/contract/cluster.ts";
import { Harness, type HarnessOptions, settle } from "./control-harness.ts";

export class Joined {
  readonly nodes: Harness[] = [];
  /** Nodes that hear questions and say nothing. */
  readonly mute = new Set<Harness>();
  /** Bytes of a part of an answer. */
  partBytes = 3500;

  /** Another one, with an id of its own: "aa...", "bb..." and so on. */
  async add(options: HarnessOptions = {}): Promise<Harness> {
    const node = idOf(this.nodes.length);
    const harness = await Harness.start({ ...options, cluster: true, node });
    this.nodes.push(harness);
    harness.plane.onTold = (command) => this.#told(harness, command);
    harness.plane.events.relayStarted();
    await settle();
    this.tellLinks();
    return harness;
  }

  /** Every node has a link to every other one, as far as it tells. */
  tellLinks(): void {
    for (const node of this.nodes) {
      const others = this.nodes.filter((other) => other !== node);
      const links = others.map((other) => ({ ...LINK, node: this.id(other) }));
      const state = { accepts: ["kidkidki"], links, pulls: [], published: [], failures: [] };
      node.plane.events.cluster({ type: "cluster-state", state });
    }
  }

  #told(from: Harness, command: ClusterCommand): void {
    if (command.type === "ask") this.#ask(from, command);
    else if (command.type === "answer" && !this.mute.has(from)) this.#answer(from, command);
  }

  #ask(from: Harness, { request, to, question }: Extract<ClusterCommand, { type: "ask" }>): void {
    const others = this.nodes.filter(
      (node) => node !== from && (to ?? this.id(node)) === this.id(node),
    );
    const event = { type: "question" as const, asker: this.id(from), request, question };
    from.plane.events.cluster({
      type: "asked",
      request,
      nodes: others.map((node) => this.id(node)),
    });
    for (const other of others) other.plane.events.cluster(event);
  }

  #answer(
    from: Harness,
    { asker, request, answer }: Extract<ClusterCommand, { type: "answer" }>,
  ): void {
    const to = this.nodes.find((node) => this.id(node) === asker)!;
    const last = Math.ceil(answer.length / this.partBytes) - 1;
    for (let number = 0; number <= last; number += 1) {
      const part = answer.subarray(number * this.partBytes, (number + 1) * this.partBytes);
      to.plane.events.cluster({
        ...{ type: "answer-part", request, node: this.id(from), number, part },
        ...{ more: number < last, asked: [] },
      });
    }
  }

  id(node: Harness): string {
    return idOf(this.nodes.indexOf(node));
  }
}

const LINK: Omit<LinkState, "node"> = {
  ...{ role: "core", region: "", version: "1.2.3", url: "", address: "192.0.2.20:8300" },
  ...{ roundTripMs: 1, load: 0, filled: null, accepts: ["kidkidki"] },
};

function idOf(index: number): string {
  return "abcdef"[index]!.repeat(32);
}
