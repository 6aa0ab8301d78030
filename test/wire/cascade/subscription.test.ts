import { expect, test } from "bun:test";
import {
  readAccept,
  readAlias,
  readPathMessage,
  readRefuse,
  readSubscribe,
  readUpdate,
  type Subscribe,
  writeAccept,
  writeNotReady,
  writePath,
  writeRefuse,
  writeSubscribe,
  writeUnsubscribe,
  writeUpdate,
} from "../../../src/wire/cascade/subscription.ts";
import { checkFrame, NODE, OTHER, overWire } from "./frames.ts";

const SUB: Subscribe = {
  alias: 0xffff,
  name: "a",
  epoch: 2 ** 31,
  owner: NODE,
  wanted: 0b1_0000_0001,
  mode: "warm",
  have: [null, -1, 2 ** 31 - 1, -(2 ** 31)],
  path: [NODE, OTHER],
  spare: true,
};

test("what a child and a parent say comes back as it was written", () => {
  checkFrame(writeSubscribe(SUB), readSubscribe, SUB, 1);
  const first: Subscribe = { ...SUB, mode: "live", have: [], path: [], spare: false };
  checkFrame(writeSubscribe(first), readSubscribe, first, 1);
  const accept = { alias: 1, path: [NODE], heads: [null, -7] };
  checkFrame(writeAccept(accept), readAccept, accept);
  const update = { alias: 1, wanted: 3, mode: "live" as const, have: [5, null], spare: true };
  checkFrame(writeUpdate(update), readUpdate, update, 1);
  expect(overWire(writeUpdate(update).slice(0, -1), readUpdate)?.spare).toBeFalse();
  checkFrame(writePath({ alias: 1, path: [NODE] }), readPathMessage, { alias: 1, path: [NODE] });
  checkFrame(writeNotReady(7), readAlias, 7);
  checkFrame(writeUnsubscribe(7), readAlias, 7);
});

test("REFUSE says why, who else may have it and when to ask again", () => {
  const reasons = ["unknown", "full", "loop", "depth", "stale", "draining", "limit"] as const;
  for (const reason of reasons) {
    const alternates = [{ node: OTHER, addresses: ["10.0.0.2:8300"] }];
    const refuse = { alias: 1, reason, alternates, retryMs: 250 };
    checkFrame(writeRefuse(refuse), readRefuse, refuse);
  }
});

test("a reason of a later version is a refusal all the same", () => {
  expect(overWire([22, 1, 99, [], 250], readRefuse)?.reason).toBe("unknown");
});

test("who accepts or has another way is at its end", () => {
  expect(overWire(writeAccept({ alias: 1, path: [], heads: [] }), readAccept)).toBeNull();
  expect(overWire(writePath({ alias: 1, path: [] }), readPathMessage)).toBeNull();
});

test("beyond their measure they are none", () => {
  const wrong: Partial<Subscribe>[] = [
    { alias: 0x1_0000 },
    { name: "" },
    { wanted: 2 ** 9 },
    { have: new Array(10).fill(null) },
    { have: [2 ** 31] },
    { path: new Array(5).fill(NODE) },
    { path: [new Uint8Array(15)] },
  ];
  for (const each of wrong) {
    expect(overWire(writeSubscribe({ ...SUB, ...each }), readSubscribe)).toBeNull();
  }
  const alternates = new Array(5).fill({ node: OTHER, addresses: [] });
  const refuse = { alias: 1, reason: "full" as const, alternates, retryMs: 0 };
  expect(overWire(writeRefuse(refuse), readRefuse)).toBeNull();
  const late = { ...refuse, alternates: [], retryMs: 60_001 };
  expect(overWire(writeRefuse(late), readRefuse)).toBeNull();
});
