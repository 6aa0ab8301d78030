import { expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { localAddresses, unusedAdvertised } from "../../../src/control/plane/addresses.ts";

function interfaces(table: Readonly<Record<string, readonly string[]>>) {
  const info = (address: string): NetworkInterfaceInfo =>
    ({
      address,
      internal: address.startsWith("127.") || address === "::1",
      family: address.includes(":") ? "IPv6" : "IPv4",
    }) as NetworkInterfaceInfo;
  return Object.fromEntries(Object.entries(table).map(([name, all]) => [name, all.map(info)]));
}

const MACHINE = interfaces({
  lo: ["127.0.0.1", "::1"],
  eth0: ["2001:db8::7", "fe80::1", "192.0.2.7"],
  eth1: ["169.254.3.4", "198.51.100.7"],
  docker0: ["172.17.0.1"],
  "br-0a1b": ["172.18.0.1"],
  veth3: ["fe80::2"],
  virbr0: ["192.168.122.1"],
});

type Options = Partial<Parameters<typeof localAddresses>[0]>;
const choose = (options: Options) =>
  localAddresses({
    host: "::",
    localFirst: false,
    advertise: [],
    interfaces: MACHINE,
    ...options,
  });
const bound = (options: Options) => choose(options).map(({ address }) => address);

test("a wildcard is every address that a viewer can reach, IPv4 first", () => {
  expect(bound({})).toEqual(["192.0.2.7", "198.51.100.7", "2001:db8::7"]);
  expect(bound({ host: "0.0.0.0" })).toEqual(["192.0.2.7", "198.51.100.7"]);
  expect(choose({}).map(({ family }) => family)).toEqual([4, 4, 6]);
});

test("HTTP on loopback brings loopback, in front of the others of its family", () => {
  expect(bound({ localFirst: true })).toEqual([
    "127.0.0.1",
    "192.0.2.7",
    "198.51.100.7",
    "::1",
    "2001:db8::7",
  ]);
});

test("a machine without a network has loopback; with bridges alone, too", () => {
  expect(bound({ interfaces: interfaces({ lo: ["127.0.0.1", "::1"] }) })).toEqual([
    "127.0.0.1",
    "::1",
  ]);
  const alone = interfaces({ lo: ["127.0.0.1"], docker0: ["172.17.0.1"], eth0: ["169.254.1.1"] });
  expect(bound({ interfaces: alone })).toEqual(["127.0.0.1"]);
});

test("an address that is named is taken as it is", () => {
  for (const host of ["172.17.0.1", "127.0.0.1", "fe80::1", "203.0.113.5"]) {
    expect(choose({ host })).toEqual([
      { address: host, family: host.includes(":") ? 6 : 4, advertised: [host] },
    ]);
  }
});

test("a public address goes to the local one that it names, or to the first of its family", () => {
  const advertise = [
    { public: "203.0.113.1", local: "198.51.100.7" },
    { public: "203.0.113.2", local: null },
    { public: "2001:db8:1::1", local: null },
  ];
  expect(choose({ advertise })).toEqual([
    { address: "192.0.2.7", family: 4, advertised: ["203.0.113.2"] },
    { address: "198.51.100.7", family: 4, advertised: ["203.0.113.1"] },
    { address: "2001:db8::7", family: 6, advertised: ["2001:db8:1::1"] },
  ]);
});

test("an address that nothing public leads to is not bound", () => {
  const advertise = [{ public: "203.0.113.1", local: null }];
  expect(bound({ advertise })).toEqual(["192.0.2.7"]);
  // Behind 1:1 NAT viewers never come by loopback, even where HTTP is behind a local proxy.
  expect(bound({ advertise, localFirst: true })).toEqual(["192.0.2.7"]);
  expect(bound({ advertise: [{ public: "203.0.113.1", local: "10.9.9.9" }] })).toEqual([]);
});

test("public addresses that nobody will be told of are found", () => {
  const advertise = [
    { public: "203.0.113.1", local: null },
    { public: "203.0.113.2", local: "10.9.9.9" },
    { public: "2001:db8:1::1", local: null },
  ];
  const chosen = choose({ host: "192.0.2.7", advertise });
  expect(unusedAdvertised(advertise, chosen)).toEqual(["203.0.113.2", "2001:db8:1::1"]);
  expect(unusedAdvertised([], choose({}))).toEqual([]);
});

test("no more sockets than the poller's bit set holds", () => {
  const many = Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`);
  expect(bound({ interfaces: interfaces({ eth0: many }) })).toEqual(many.slice(0, 16));
});
