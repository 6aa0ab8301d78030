/** A parent's half of the tree, and children that are linked with it. */
import type { Child, Copy } from "../../src/cascade/child.ts";
import type { StreamKey } from "../../src/cascade/names.ts";
import { nodeBytes, nodeIdOf } from "../../src/cascade/node-id.ts";
import { Serving } from "../../src/cascade/serving.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import {
  type Accept,
  type Refuse,
  readAccept,
  readPathMessage,
  readRefuse,
  type Subscribe,
} from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import { type Neighbour, SELF } from "./neighbour.ts";

export const KEY: StreamKey = { name: "a", epoch: 5, owner: idOf(1) };
export const NOW = 1_000_000;

/** A parent that has stream "a" of node 1. */
export class Ground {
  copy: Copy | null = { key: KEY, stream: 3, path: [idOf(1)], heads: () => [7, null] };
  best: StreamKey | null = KEY;
  /** By which it could have it. */
  way: readonly string[] | null = [KEY.owner];
  readonly done: string[] = [];
  readonly serving: Serving;

  constructor(childrenMax = 64, pullsForOthers = true) {
    const note = (what: string) => (child: Child) => this.done.push(`${what} ${child.alias}`);
    this.serving = new Serving({
      self: idOf(SELF),
      childrenMax,
      copyOf: () => this.copy,
      best: () => this.best,
      pullsForOthers: () => pullsForOthers,
      pulledForOthers: () => [],
      waitsFor: () => false,
      shorten: () => this.done.push("shorten"),
      wayTo: () => this.way,
      carries: () => true,
      cores: () => [],
      events: {
        ...{ serve: note("serve"), change: note("change"), stop: note("stop") },
        wanted: (name) => this.done.push(`wanted ${name}`),
      },
    });
  }

  /** A subscription to a stream of its own; this node has that now. */
  another(alias: number): Partial<Subscribe> {
    this.best = { ...KEY, epoch: alias + 10 };
    this.copy = { ...this.copy!, key: this.best };
    return { alias, epoch: alias + 10 };
  }

  subscribe(child: Neighbour, change: Partial<Subscribe> = {}, now = NOW): void {
    const key = { name: KEY.name, epoch: KEY.epoch, owner: nodeBytes(KEY.owner) };
    const rest = { alias: 1, wanted: 3, mode: "live" as const, have: [], path: [], spare: false };
    this.serving.subscribe(child.link, { ...key, ...rest, ...change }, now);
  }
}

/** What a parent answered. */
export function answers(child: Neighbour): (Accept | Refuse | string | null)[] {
  return child.heard().map(({ type, elements }) => {
    if (type === Message.accept) return readAccept(elements);
    if (type === Message.refuse) return readRefuse(elements);
    if (type === Message.path) return `path ${readPathMessage(elements)?.path.map(nodeIdOf)}`;
    return type === Message.notReady ? "not ready" : `message ${type}`;
  });
}
