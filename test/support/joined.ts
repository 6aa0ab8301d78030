/** Control threads that belong to one cluster: what one asks reaches the others, without links. */
import type { ClusterCommand, ClusterState } from "../../src/contract/cluster.ts";
import { Harness, type HarnessOptions, settle } from "./control-harness.ts";
import { linkState } from "./link-state.ts";

export class Joined {
  readonly nodes: Harness[] = [];
  /** Nodes that hear questions and say nothing. */
  readonly mute = new Set<Harness>();
  /** What nodes answer instead of what is so. */
  readonly lies = new Map<Harness, unknown>();
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
      node.plane.events.cluster({ type: "cluster-state", state: this.stateOf(node) });
    }
  }

  stateOf(node: Harness): ClusterState {
    const others = this.nodes.filter((other) => other !== node);
    const links = others.map((other) => linkState(this.id(other), { accepts: ["kidkidki"] }));
    return { role: "core", accepts: ["kidkidki"], links, pulls: [], published: [], failures: [] };
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
    const lie = this.lies.get(from);
    const bytes = lie === undefined ? answer : new TextEncoder().encode(JSON.stringify(lie));
    const to = this.nodes.find((node) => this.id(node) === asker)!;
    const last = Math.ceil(bytes.length / this.partBytes) - 1;
    for (let number = 0; number <= last; number += 1) {
      const part = bytes.subarray(number * this.partBytes, (number + 1) * this.partBytes);
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

function idOf(index: number): string {
  return "abcdef"[index]!.repeat(32);
}
