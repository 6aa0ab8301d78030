import { expect, test } from "bun:test";
import type { Fingerprint } from "../../src/contract/session.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import type { DtlsFactory } from "../../src/peer/dtls.ts";
import { startDtls } from "../../src/peer/dtls-start.ts";
import { ANY_NODE, type Expected } from "../../src/peer/fingerprint.ts";
import type { IceStrategy } from "../../src/peer/peer-options.ts";
import { ciphers, Pair, serverDtls } from "./pair.ts";

test("C1: a server repeats a client's flight after a second, our own clients of servers soon", () => {
  const random = () => {};
  const repeats = (ice: IceStrategy) => {
    const asked: (number | undefined)[] = [];
    const dtls: DtlsFactory = {
      create: (role, fingerprints, now, counts, repeatUs) => {
        asked.push(repeatUs);
        return serverDtls.create(role, fingerprints, now, counts, repeatUs);
      },
    };
    const pair = new Pair({ serverRole: "client" });
    const { setup } = pair;
    const counters = createPeerCounters();
    startDtls({ session: 1, setup, ice, dtls, ciphers, counters, sourcesMax: 1, now: 0 }, 0).free();
    pair.free();
    return asked;
  };
  expect(repeats({ mode: "lite", random })).toEqual([1_000_000]);
  expect(repeats({ mode: "controlling", paths: [], random })).toEqual([60_000]);
});

test("LK2: only a link takes any node; an SDP that names nobody, or names oddly, takes nobody", () => {
  const expectedBy = (fingerprints: readonly Fingerprint[], kid?: string) => {
    const asked: Expected[] = [];
    const dtls: DtlsFactory = {
      create: (role, expected, ...rest) => {
        asked.push(expected);
        return serverDtls.create(role, expected, ...rest);
      },
    };
    const pair = new Pair();
    const setup = { ...pair.setup, fingerprints };
    const link = kid === undefined ? {} : { kid };
    const ice: IceStrategy = { mode: "lite", random: () => {} };
    const counters = createPeerCounters();
    const options = { session: 1, setup, ice, dtls, ciphers, counters, sourcesMax: 1, now: 0 };
    startDtls({ ...options, ...link }, 0).free();
    pair.free();
    return asked;
  };
  expect(expectedBy([], "key00001")).toEqual([ANY_NODE]);
  for (const value of ["", "any", "*", String(ANY_NODE), "any node"]) {
    const named = [{ algorithm: "sha-256", value } as const];
    expect(expectedBy(named)).toEqual([named]);
    const pair = new Pair({ fingerprint: named[0]! });
    pair.run(() => pair.server.state === "closed", 3_000_000);
    expect(pair.server.closeDetail).toBe("the certificate is not the one of a=fingerprint");
    pair.free();
  }
  expect(expectedBy([])).toEqual([[]]);
  // What comes from another thread or in JSON cannot be it.
  expect(() => structuredClone({ fingerprints: ANY_NODE })).toThrow();
  expect(JSON.stringify({ fingerprints: ANY_NODE })).toBe("{}");
});
