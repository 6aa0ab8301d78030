import { expect, test } from "bun:test";
import type { Link } from "../../src/cascade/link.ts";
import { RelayState } from "../../src/relay/state.ts";
import { idOf, Pair, selfOf } from "../cascade/ends.ts";
import { Relays } from "./relays.ts";

/** A link whose other end claims to be so. */
function claimed(number: number, change: object = {}): Link {
  const pair = new Pair({ ...selfOf(number), version: "9.9.9" }, {});
  pair.run(100_000);
  const { link } = pair.callee;
  link.claim = { ...link.claim!, ...change };
  return link;
}

function failuresOf(state: RelayState): string[] {
  const { failures } = state.of(new Relays().parent.relay, []);
  return failures.map(({ address, node, reason }) =>
    [address, node === "" ? "" : String(Number.parseInt(node, 16)), reason].join(" | "),
  );
}

test("why a link cannot be is told with what the other end says of itself", () => {
  const state = new RelayState();
  state.failed(claimed(3, { protocolMin: 7, protocolMax: 8 }), "", "incompatible version");
  state.failed(claimed(4, { cluster: "other" }), "", "another cluster name");
  state.failed(claimed(5), "192.0.2.5:8300", "its key is used by two nodes");
  state.unanswered("192.0.2.6:8300");
  state.stranger("kidkidki");
  const told = failuresOf(state);
  expect(told.slice(0, 3)).toEqual([
    "10.0.0.3:8300 | 3 | incompatible version: 9.9.9 speaks 7 to 8, this node 1 to 1",
    '10.0.0.4:8300 | 4 | another cluster name: "other"',
    "192.0.2.5:8300 | 5 | its key is used by two nodes",
  ]);
  expect(told[3]).toStartWith("192.0.2.6:8300 |  | no answer: ");
  expect(told[4]).toContain("somebody knocks with secret kidkidki");
});

test("each is told once, the newest last, and not more than 16", () => {
  const state = new RelayState();
  for (const address of ["a:1", "b:1", "a:1"]) state.unanswered(address);
  expect(failuresOf(state).map((line) => line.slice(0, 3))).toEqual(["b:1", "a:1"]);
  for (let i = 0; i < 40; i += 1) state.unanswered(`c:${i}`);
  expect(failuresOf(state)).toHaveLength(16);
});

test("what is mended by a link is told no more, and a link with what it carries", () => {
  const relays = new Relays();
  relays.run(200_000);
  const { parent, child } = relays;
  const state = new RelayState();
  state.failed(claimed(child.number), "", "no answer");
  state.unanswered(`10.0.0.${child.number}:8300`);
  state.unanswered("10.0.0.9:8300");
  const { failures, links } = state.of(parent.relay, ["kidkidki"]);
  expect(failures.map(({ address }) => address)).toEqual(["10.0.0.9:8300"]);
  expect(links).toMatchObject([{ node: idOf(child.number), pulls: 0, children: 0 }]);
  const [{ datagramsIn, bytesIn, datagramsOut, bytesOut }] = links as [(typeof links)[number]];
  expect(Math.min(datagramsIn, datagramsOut)).toBeGreaterThan(1);
  expect(Math.min(bytesIn, bytesOut)).toBeGreaterThan(100);
});
