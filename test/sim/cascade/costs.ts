import { HEARTBEAT_US } from "../../../src/cascade/liveness.ts";
import { JOIN_KEYFRAME_AGE_MAX_US } from "../../../src/limits.ts";
import { DATA_OVERHEAD } from "../../../src/wire/cascade/data.ts";
import { encodeElements } from "../../../src/wire/cascade/elements.ts";
import { writeAcknowledge, writeOrdered } from "../../../src/wire/cascade/ordered.ts";
import { writePing, writePong } from "../../../src/wire/cascade/ping.ts";
import { writeFigures, writeHeads } from "../../../src/wire/cascade/ring.ts";
import { writeNowhere, writeWhere } from "../../../src/wire/cascade/where.ts";
import type { Checks } from "./checks.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

/** Holes are filled by at most a quarter of what flows; a tenth is for asking and for probes. */
const BESIDE = 0.35;
/** What gets lost is said again: 1 / (0.9 * 0.9) times where each way loses a tenth. */
const AGAIN = 1.25;
/** Of each, so many in a second (test/sim/cascade/node.ts asks for a name that often). */
const HEADS = 1e6 / HEARTBEAT_US;
const FIGURES = 5;
const PINGS = 1;
const LOOK_UPS = 5;
const UINT32_MAX = 0xffff_ffff;
/** That a ring is wanted no more is heard by then, lost once on its way: until then it still comes. */
const HEARD_US = 400_000;
/** A cached group is no older, and leaves at twice its rate: so long after a ring began with it no more of it comes. */
export const GROUP_US = JOIN_KEYFRAME_AGE_MAX_US;

/** Bytes of frames in a second. */
const LINK_BYTES = AGAIN * PINGS * (bytesOf(writePing(1e12)) + bytesOf(writePong(pong())));
const FIGURES_BYTES = FIGURES * bytesOf(writeFigures(figures()));
const LOOK_UP_BYTES = AGAIN * LOOK_UPS * (messageBytes(writeWhere("a")) + messageBytes(nowhere()));

/**
 * I6, while nothing happens: what is on links is what is wanted, once, and once more for each parent
 * that gives it beside the first; a third of that beside it; and what is said of streams and links.
 */
export class Costs {
  readonly #world: World;
  #bytes = 0;
  #published = new Map<string, number[]>();
  /** Rings that each node pulled when it was looked at last, a bit each, by name and node. */
  #pulled = new Map<string, number>();
  /** When it pulled each of them last. */
  readonly #pulledAt = new Map<string, number[]>();
  #givers = new Map<string, Set<string>>();
  /** What rings began with, by name and node, and when. */
  readonly #groups: { readonly key: string; readonly bytes: number; readonly at: number }[] = [];
  #at = 0;
  #wanted = 0;
  #given = 0;
  #said = 0;

  constructor(world: World) {
    this.#world = world;
    this.look();
    // What flows already began some time ago.
    this.#groups.length = 0;
  }

  /** All that comes from now on counts; it was looked at before for as long as words and groups take. */
  begin(): void {
    this.#bytes = this.#world.network.bytes;
    [this.#wanted, this.#given, this.#said] = [0, 0, 0];
    for (const { key, bytes, at } of this.#groups) {
      if (this.#at - at < GROUP_US) this.#count(bytes, this.#givers.get(key) ?? new Set());
    }
  }

  /** What came since it was looked at last counts as what is wanted, of whoever gave it then or does now. */
  look(): void {
    const { now, nodes } = this.#world;
    const seconds = (now - this.#at) / 1e6;
    this.#at = now;
    const before = this.#published;
    this.#published = this.#publishedNow();
    const [pulled, givers] = [this.#pulled, this.#givers];
    this.#pulled = this.#pulledNow();
    this.#givers = this.#giversNow();
    for (const node of nodes) if (node.alive) this.#said += seconds * this.#saidBy(node);
    for (const key of this.#pulledAt.keys()) {
      const wanted = this.#wantedOf(key, before, pulled.get(key) ?? 0);
      this.#count(wanted, new Set([...(givers.get(key) ?? []), ...(this.#givers.get(key) ?? [])]));
    }
  }

  check(checks: Checks): void {
    const bytes = this.#world.network.bytes - this.#bytes;
    const allowed = this.#given + BESIDE * this.#wanted + this.#said;
    if (bytes <= allowed) return;
    const [most, wanted, given, said] = [allowed, this.#wanted, this.#given, this.#said].map(
      Math.round,
    );
    const parts = `${wanted} wanted, ${given} with second parents, ${said} said`;
    checks.report("I6", `${bytes} bytes on links, ${most} allowed: ${parts}`);
  }

  #count(wanted: number, givers: ReadonlySet<string>): void {
    this.#wanted += wanted;
    this.#given += wanted * Math.max(1, givers.size);
  }

  /** Bytes of frames of each ring so far, by name. */
  #publishedNow(): Map<string, number[]> {
    const published = new Map<string, number[]>();
    for (const { publishers } of this.#world.nodes) {
      for (const { name, bytes, sent } of publishers.values()) {
        published.set(
          name,
          bytes.map((each, ring) => each + DATA_OVERHEAD * sent[ring]!),
        );
      }
    }
    return published;
  }

  /** By name and node those that give it there, as either end has it: words between them take a while. */
  #giversNow(): Map<string, Set<string>> {
    const givers = new Map<string, Set<string>>();
    const add = (name: string, child: string, parent: string): void => {
      const key = `${name} ${child}`;
      givers.set(key, (givers.get(key) ?? new Set()).add(parent));
    };
    for (const { alive, id, relay } of this.#world.nodes) {
      if (!alive) continue;
      for (const { key, link, mode } of relay.node.serving.children) {
        if (mode === "live") add(key.name, link.node, id);
      }
      for (const { known, parents } of relay.node.pulls.values()) {
        for (const { node, mode } of parents) if (mode === "live") add(known.name, id, node);
      }
    }
    return givers;
  }

  #pulledNow(): Map<string, number> {
    const pulled = new Map<string, number>();
    for (const { alive, id, relay } of this.#world.nodes) {
      if (!alive) continue;
      for (const { known, wanted } of relay.node.pulls.values()) {
        const key = `${known.name} ${id}`;
        pulled.set(key, wanted);
        const pulledAt = this.#pulledAt.get(key) ?? [];
        this.#pulledAt.set(key, pulledAt);
        for (let ring = 0; wanted >> ring !== 0; ring += 1) {
          if ((wanted & (1 << ring)) !== 0) pulledAt[ring] = this.#world.now;
        }
      }
    }
    return pulled;
  }

  /**
   * Of the rings that are pulled there, or were a moment ago; `begun`: what was pulled before. A ring that
   * begins does so with its cached group.
   */
  #wantedOf(key: string, before: ReadonlyMap<string, number[]>, begun: number): number {
    const name = key.split(" ")[0]!;
    const pulled = this.#pulled.get(key) ?? 0;
    let sum = 0;
    for (const [ring, bytes] of (this.#published.get(name) ?? []).entries()) {
      const pulledAt = this.#pulledAt.get(key)![ring] ?? Number.NEGATIVE_INFINITY;
      if (this.#at - pulledAt > HEARD_US) continue;
      const begins = (pulled & ~begun & (1 << ring)) !== 0;
      const group = begins ? this.#groupOf(name, ring) : 0;
      if (begins) this.#groups.push({ key, bytes: group, at: this.#at });
      sum += Math.max(group, bytes - (before.get(name)?.[ring] ?? 0));
    }
    return sum;
  }

  /** Bytes of frames of a ring since its newest keyframe. */
  #groupOf(name: string, ring: number): number {
    const publisher = this.#world.nodes.map(({ publishers }) => publishers.get(name)).find(Boolean);
    if (publisher === undefined || publisher.tracks[ring]!.kind === "audio") return 0;
    const { sent, bytes } = publisher.before[ring]!;
    return publisher.bytes[ring]! - bytes + DATA_OVERHEAD * (publisher.sent[ring]! - sent);
  }

  /** Bytes a second, beside media. */
  #saidBy({ relay, watchers, publishers, heard }: SimNode): number {
    const { links, serving } = relay.node;
    const names = new Set(watchers.map(({ name }) => name));
    const unknown = [...names].filter((name) => !publishers.has(name) && !heard.has(name));
    let said = links.openCount * (LINK_BYTES + unknown.length * LOOK_UP_BYTES);
    for (const { key } of serving.children) {
      const rings = this.#published.get(key.name)?.length ?? 0;
      said += headsBytes(rings) + rings * FIGURES_BYTES;
    }
    return said;
  }
}

function headsBytes(rings: number): number {
  const heads = new Array<number>(rings).fill(-1);
  const told = { alias: 0xffff, heads, rootAgeUs: UINT32_MAX, left: 0, withheld: 0, began: [] };
  return HEADS * bytesOf(writeHeads(told));
}

function bytesOf(frame: readonly unknown[]): number {
  return encodeElements(frame).length;
}

/** In a frame of its own, and what says that it has come. */
function messageBytes(message: readonly unknown[]): number {
  const piece = encodeElements(message);
  const number = UINT32_MAX;
  const ordered = bytesOf(writeOrdered({ number, more: false, piece }));
  return ordered + bytesOf(writeAcknowledge(number));
}

function nowhere(): readonly unknown[] {
  return writeNowhere({ name: "a", epoch: UINT32_MAX });
}

function pong(): Parameters<typeof writePong>[0] {
  return { at: 1e12, heldUs: 1_000, load: 255, lagUs: 1_000, filled: 255, clockUs: 1e15 };
}

function figures(): Parameters<typeof writeFigures>[0] {
  const sizes = [0, 0, 0, 0].map(() => UINT32_MAX);
  const points = [{ point: 0, bitrate: 1e9, ageUs: UINT32_MAX }];
  const flags = { hasKeyframe: true, ignoresPli: true };
  return { alias: 0xffff, ring: 8, points, sizes, size: UINT32_MAX, ...flags };
}
