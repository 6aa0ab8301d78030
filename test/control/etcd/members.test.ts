/** An etcd of three members, as it runs for real: one of them is killed, and names go on to be claimed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Verdict } from "../../../src/control/etcd/claim.ts";
import { EtcdNames } from "../../../src/control/etcd/etcd-names.ts";
import { createLogger } from "../../../src/log.ts";
import { lacksEtcd, leaderOf, TestEtcd } from "../../support/etcd.ts";
import { isShort } from "../../support/long.ts";
import { until } from "../../support/until.ts";

const WHAT = "names by an etcd of three members";
const NODES = [0, 1];
const SETUP_MS = 60_000;
/** Until the others have a leader again, and the node has asked them. */
const AWAY_MS = 20_000;

describe.skipIf(lacksEtcd(WHAT) || isShort(WHAT))(WHAT, () => {
  let members: TestEtcd[];
  let nodes: EtcdNames[];
  /** What is published, by node: names that are lost go. */
  const published = NODES.map(() => new Set<string>());
  let count = 0;

  beforeAll(async () => {
    members = await TestEtcd.startMembers(3);
    nodes = NODES.map((place) => nodeOf(place));
    await until("all have a lease", AWAY_MS, () => nodes.every((node) => isWell(node)));
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(members.map((member) => member.stop()));
  }, SETUP_MS);

  /** Each asks another member first. */
  function nodeOf(place: number): EtcdNames {
    const urls = members.map((_, i) => members[(i + place) % members.length]!.url);
    const mine = published[place]!;
    return new EtcdNames({
      ...{ urls, cluster: "test", boot: 1, fetch },
      access: { ca: null, cert: null, key: null, user: null },
      node: String(place + 1).padStart(32, "0"),
      clock: { now: () => performance.now() * 1000, wall: Date.now },
      log: createLogger({ level: "error", format: "json", sink: () => {}, wall: Date.now }),
      isWanted: (name) => mine.has(name),
      isHeard: (name) => mine.has(name),
      lost: (name) => mine.delete(name),
    });
  }

  function claim(place: number, name: string): Promise<Verdict> {
    return nodes[place]!.claim(name, false, (verdict) => {
      if (verdict === "won") published[place]!.add(name);
      return verdict;
    });
  }

  /** A new name, at one node after the other, and by whoever comes second. */
  async function claims(): Promise<void> {
    for (const place of NODES) {
      count += 1;
      const name = `cam${count}`;
      await until(`${name} is claimed`, AWAY_MS, async () => (await claim(place, name)) === "won");
      expect(await claim(1 - place, name)).toBe("taken");
    }
  }

  test("any one of them is killed, the leader among them: new names are claimed, and nobody loses one", async () => {
    await claims();
    for (let round = 0; round < members.length; round += 1) {
      const leader = (await leaderOf(members))!;
      const victim = round === 0 ? members.find((member) => member !== leader)! : leader;
      await victim.kill();
      await claims();
      const others = members.filter((member) => member !== victim);
      await until(
        "the others have a leader",
        AWAY_MS,
        async () => (await leaderOf(others)) !== null,
      );
      const owned = [...published[0]!];
      for (const name of owned)
        expect([name, await nodes[0]!.recheck(name)]).toEqual([name, "won"]);
      await victim.start();
      await until("it is one of them again", AWAY_MS, async () => (await victim.leads()) !== null);
    }
    expect(nodes.map((node) => [node.state.owned, node.state.lost])).toEqual([
      [4, 0],
      [4, 0],
    ]);
  }, 120_000);

  test("without two of them there is no new name, and all that is owned stays; with them again there are new ones", async () => {
    const before = nodes.map(({ state }) => state.owned);
    const killed = members.slice(0, 2);
    for (const member of killed) await member.kill();
    await until("it is told", AWAY_MS, () => nodes.every(({ state }) => state.trouble !== null));
    expect(await claim(0, "none")).toBe("away");
    expect(await claim(0, "cam1")).toBe("won");
    for (const member of killed) await member.start();
    await until("all is well again", 2 * AWAY_MS, () => nodes.every((node) => isWell(node)));
    await claims();
    expect(nodes.map(({ state }) => state.owned)).toEqual(before.map((owned) => owned + 1));
  }, 120_000);
});

function isWell({ state }: EtcdNames): boolean {
  return state.trouble === null;
}
