import { expect, test } from "bun:test";
import { createPeerCounters } from "../../src/peer/counters.ts";
import type { DtlsFactory } from "../../src/peer/dtls.ts";
import { startDtls } from "../../src/peer/dtls-start.ts";
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
