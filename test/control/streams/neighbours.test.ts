/** Which node a viewer is sent to. */
import { expect, test } from "bun:test";
import type { ClusterState, LinkState, PullState } from "../../../src/contract/cluster.ts";
import type { Cluster } from "../../../src/control/streams/cluster.ts";
import { Neighbours } from "../../../src/control/streams/neighbours.ts";
import { linkState } from "../../support/link-state.ts";

const SEEKER = { stream: "cam", via: [], secure: false };

function link(node: string, filled: number | null, region = ""): LinkState {
  return linkState(node, { filled, region, url: `http://${node}.example` });
}

/** As much of a cluster as is looked at. */
class Heard {
  state: ClusterState | null = null;
  readonly setup = { node: "self", region: "eu", url: "http://self.example" };
  owner: string | null = null;

  ownerOf(): string | null {
    return this.owner;
  }

  tell(links: readonly LinkState[], pulls: readonly PullState[] = []): void {
    this.state = { role: "core", accepts: [], links, pulls, published: [], failures: [] };
  }
}

function ground(...links: readonly LinkState[]): { heard: Heard; neighbours: Neighbours } {
  const heard = new Heard();
  heard.tell(links);
  return { heard, neighbours: new Neighbours(heard as unknown as Cluster) };
}

test("the least full one of the own region, then of the others", () => {
  const { heard, neighbours } = ground(
    link("a", 0.5, "eu"),
    link("b", 0.4, "eu"),
    link("c", 0, "us"),
  );
  expect(neighbours.best(SEEKER)?.node).toBe("b");
  heard.tell([link("a", 1, "eu"), link("b", null, "eu"), link("c", 0.9, "us"), link("d", 0.8)]);
  expect(neighbours.best(SEEKER)?.node).toBe("d");
  heard.tell([]);
  expect(neighbours.best(SEEKER)).toBeNull();
});

test("one that has the stream already may be somewhat fuller", () => {
  const { heard, neighbours } = ground(link("a", 0.3, "eu"), link("b", 0.35, "eu"));
  heard.owner = "b";
  expect(neighbours.best(SEEKER)?.node).toBe("b");
  heard.tell([link("a", 0.3, "eu"), link("b", 0.45, "eu")]);
  expect(neighbours.best(SEEKER)?.node).toBe("a");
  const pull = {
    name: "cam",
    epoch: 1,
    owner: "x",
    path: ["x", "a"],
    parents: [],
    ageMs: null,
    filled: 0,
    withheld: [],
  };
  heard.tell([link("a", 0.44, "eu"), link("c", 0.4, "eu")], [pull]);
  expect(neighbours.best(SEEKER)?.node).toBe("a");
});

test("a crowd that comes between two words of the others is spread over them", () => {
  const links = [link("a", 0.1, "eu"), link("b", 0.2, "eu"), link("c", 0.995, "eu")];
  const { heard, neighbours } = ground(...links);
  const went: Record<string, number> = {};
  const crowd = (viewers: number) => {
    for (let i = 0; i < viewers; i += 1) {
      const best = neighbours.best(SEEKER);
      if (best === null) return;
      neighbours.sent(best.node);
      went[best.node] = (went[best.node] ?? 0) + 1;
    }
  };
  crowd(400);
  expect(went.a).toBeWithin(248, 253);
  expect(went.b).toBeWithin(148, 153);
  // What they told a second later may not have all of these in it.
  heard.tell(links);
  crowd(1);
  heard.tell(links);
  expect(neighbours.best(SEEKER)?.node).toBe("a");
  crowd(3_000);
  expect(neighbours.best(SEEKER)).toBeNull();
});

test("never back to who sent it, nor to one that has the same address as this", () => {
  const { heard, neighbours } = ground(link("a", 0.1, "eu"), link("b", 0.2, "eu"));
  expect(neighbours.best({ ...SEEKER, via: ["a"] })?.node).toBe("b");
  expect(neighbours.best({ ...SEEKER, via: ["b", "a"] })).toBeNull();
  heard.tell([{ ...link("a", 0), url: "http://self.example" }]);
  expect(neighbours.best(SEEKER)).toBeNull();
});
