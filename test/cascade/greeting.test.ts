import { expect, test } from "bun:test";
import {
  type Disagreement,
  decideRole,
  disagreement,
  greet,
  type LinkSecurity,
  type NodeSelf,
  type RoleWish,
  roleOf,
} from "../../src/cascade/greeting.ts";
import { Keyring, LinkEnd } from "../../src/cascade/keyring.ts";
import { decodeElements, encodeElements } from "../../src/wire/cascade/elements.ts";
import { type Hello, readHello } from "../../src/wire/cascade/hello.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "../../src/wire/cascade/kinds.ts";
import { EXPORTED, idOf, KEYRING, SECRET, selfOf } from "./ends.ts";

interface Ground {
  readonly caller: NodeSelf;
  /** What the callee sees of the connection. */
  readonly security: LinkSecurity;
  readonly callerKeys: Keyring;
  readonly calleeKeys: Keyring;
  readonly hello: Partial<Hello>;
}

const OTHER_SECRET = new Uint8Array(32).fill(8);

/** What the callee, node 2, finds wrong with the caller, node 1. */
function found(change: Partial<Ground> = {}): Disagreement | null {
  const caller = change.caller ?? selfOf(1);
  const keys = change.callerKeys ?? KEYRING;
  const asCaller = { end: LinkEnd.caller, node: idOf(2), exported: EXPORTED };
  const asCallee = { end: LinkEnd.callee, node: caller.id, exported: EXPORTED };
  const written = greet(caller, keys, asCaller, keys.first.kid, 5);
  const elements = decodeElements(encodeElements(written))!;
  elements.uint(255);
  const hello = { ...readHello(elements)!, ...change.hello };
  return disagreement(hello, selfOf(2), change.calleeKeys ?? KEYRING, change.security ?? asCallee);
}

test("two nodes of a cluster agree", () => {
  expect(found()).toBeNull();
  expect(
    found({ caller: selfOf(1, { role: "edge", version: "other", region: "far" }) }),
  ).toBeNull();
});

test("what each has as a second secret is enough, as the other has it first", () => {
  const rotated = new Keyring("test", [OTHER_SECRET, SECRET]);
  expect(found({ calleeKeys: rotated })).toBeNull();
  expect(found({ callerKeys: rotated, calleeKeys: rotated })).toBeNull();
  expect(found({ callerKeys: rotated })).toBe("wrong secret");
});

test("cascade-proof: an id that is not the certificate's is refused before anything else", () => {
  const security = { end: LinkEnd.callee, node: idOf(3), exported: EXPORTED };
  expect(found({ security, hello: { cluster: "other" } })).toBe("its id is not its key's");
});

test("cascade-proof: a wrong secret, proof, connection or end is one and the same", () => {
  const wrong = "wrong secret";
  expect(found({ callerKeys: new Keyring("test", [OTHER_SECRET]) })).toBe(wrong);
  expect(found({ hello: { proof: new Uint8Array(32) } })).toBe(wrong);
  expect(found({ hello: { kid: "00000000" } })).toBe(wrong);
  const security = { end: LinkEnd.callee, node: idOf(1), exported: new Uint8Array(32) };
  expect(found({ security })).toBe(wrong);
  // Its own proof, sent back to whoever made it.
  const mirrored = { end: LinkEnd.caller, node: idOf(1), exported: EXPORTED };
  expect(found({ security: mirrored })).toBe(wrong);
  expect(found({ callerKeys: new Keyring("other", [SECRET]) })).toBe(wrong);
});

test("a node that dials itself knows itself by its boot; another process with its key is a clone", () => {
  expect(found({ caller: selfOf(2) })).toBe("it is this node itself");
  expect(found({ caller: selfOf(2, { boot: 77 }) })).toBe("its key is used by two nodes");
});

test("another cluster name, names mode or version cannot be", () => {
  expect(found({ hello: { cluster: "other" } })).toBe("another cluster name");
  expect(found({ caller: selfOf(1, { names: "etcd" }) })).toBe("another names mode");
  const version = "incompatible version";
  expect(found({ hello: { protocolMin: PROTOCOL_MAX + 1, protocolMax: 255 } })).toBe(version);
  expect(found({ hello: { protocolMin: 0, protocolMax: PROTOCOL_MIN - 1 } })).toBe(version);
});

test("a neighbouring version that speaks ours as well is welcome", () => {
  expect(found({ hello: { protocolMin: PROTOCOL_MAX, protocolMax: PROTOCOL_MAX + 1 } })).toBeNull();
  expect(found({ hello: { protocolMin: PROTOCOL_MIN - 1, protocolMax: PROTOCOL_MIN } })).toBeNull();
});

/** What a node that is told `wish` is where the first that answers knows of `cores`. */
function role(wish: RoleWish, cores: number | null): string {
  const self = selfOf(1, roleOf(wish));
  const hello = { cores } as Hello;
  decideRole(self, hello);
  decideRole(self, { ...hello, cores: 64 });
  return self.role;
}

test("cascade-edges: a node is a core as long as there are few of them, and stays what it was first", () => {
  expect([15, 16, 64, null].map((cores) => role("auto", cores))).toEqual([
    "core",
    "edge",
    "edge",
    "core",
  ]);
  expect([16, 63, 64].map((cores) => role("core", cores))).toEqual(["core", "core", "edge"]);
  expect([0, 15, null].map((cores) => role("edge", cores))).toEqual(["edge", "edge", "edge"]);
});
