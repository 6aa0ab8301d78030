import { expect, test } from "bun:test";
import { checkCluster } from "../../src/cli/doctor-cluster.ts";
import { type Way, wayTo } from "../../src/cli/doctor-mtu.ts";
import { loadConfig } from "../../src/config.ts";

/** As a resolver knows them; an address stands for itself. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "both.example": ["192.0.2.1", "2001:db8::1"],
  "six.example": ["2001:db8::2"],
};

const WAYS: Readonly<Record<string, Way>> = {
  "192.0.2.1": { name: "eth0", mtu: 1500 },
  "192.0.2.2": { name: "tun0", mtu: 1300 },
  "192.0.2.3": { name: "tun1", mtu: 1200 },
  "2001:db8::1": { name: "eth0", mtu: 1500 },
  "2001:db8::2": { name: "eth0", mtu: 1500 },
};

async function resolve(host: string): Promise<readonly string[]> {
  if (/[:\d]$/.test(host)) return [host];
  const addresses = NAMES[host];
  if (addresses === undefined) throw new Error("getaddrinfo ENOTFOUND");
  return addresses;
}

/** Level and detail of each finding by its name, for a node with these options. */
async function found(...args: readonly string[]): Promise<Record<string, string>> {
  const result = loadConfig({
    args: ["--cluster-secret-file=/s", ...args],
    env: {},
    readFile: () => `${"5a".repeat(32)}\n${"a5".repeat(32)}`,
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  const findWay = async (address: string) => WAYS[address] ?? null;
  const findings = await checkCluster(result.config.cluster!, resolve, findWay);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return Object.fromEntries(
    findings.map(({ name, level, detail }) => [name, `${level}: ${detail}`]),
  );
}

test("what the node is, and that without seeds it waits for others", async () => {
  const alone = await found();
  expect(alone.cluster).toBe("ok: spillway, role auto, joins nobody: others must name this node");
  expect(alone["cluster secret"]).toBe("ok: 2 secrets in /s, for its owner and group alone");
  const core = ["--cluster-name=live", "--role=core", "--region=eu", "--join=192.0.2.1"];
  expect((await found(...core)).cluster).toBe("ok: live, role core, region eu");
});

test("what to open in a firewall is said in words", async () => {
  const reach = async (link: string) => (await found("--link", link))["link reach"];
  expect(await reach("0.0.0.0:9300")).toBe(
    "ok: udp 0.0.0.0:9300: nodes come in by UDP port 9300; open it in the firewall to the other nodes, and to nobody else",
  );
  expect(await reach("0.0.0.0:0")).toContain("by another UDP port at each start");
  expect(await reach("127.0.0.1:8300")).toBe("warn: udp 127.0.0.1:8300: no other machine");
});

test("a seed must have an address, and one of a family that the link is bound to", async () => {
  const seed = async (host: string, link: string) => {
    const findings = await found(`--join=${host}`, `--link=${link}`);
    return Object.entries(findings).find(([name]) => name.startsWith("join "));
  };
  const v4 = "0.0.0.0:8300";
  expect(await seed("both.example", v4)).toEqual([
    "join both.example:8300",
    "ok: 192.0.2.1, 2001:db8::1",
  ]);
  expect(await seed("six.example:9", v4)).toEqual([
    "join six.example:9",
    "fail: 2001:db8::2: none is IPv4, as --link 0.0.0.0:8300 is",
  ]);
  expect((await seed("six.example", "[::]:8300"))![1]).toStartWith("ok:");
  expect((await seed("both.example", "[2001:db8::5]:8300"))![1]).toStartWith("ok:");
  expect((await seed("192.0.2.1", "[2001:db8::5]:8300"))![1]).toBe(
    "fail: 192.0.2.1: none is IPv6, as --link [2001:db8::5]:8300 is",
  );
  expect((await seed("192.0.2.1", "[::]:8300"))![1]).toBe("ok: 192.0.2.1");
  expect(await seed("none.example", v4)).toEqual([
    "join none.example:8300",
    "warn: getaddrinfo ENOTFOUND",
  ]);
});

test("what others are told to come to must lead to what is bound", async () => {
  const findings = await found("--link-advertise=203.0.113.5,[2001:db8::5]:9");
  expect(findings["link-advertise 203.0.113.5:8300"]).toBe("ok: leads to --link 0.0.0.0:8300");
  expect(findings["link-advertise [2001:db8::5]:9"]).toBe(
    "fail: is IPv6, and --link 0.0.0.0:8300 is not",
  );
});

test("the way to a seed must take a full datagram", async () => {
  const mtu = async (address: string) => (await found(`--join=${address}`))[`mtu to ${address}`];
  expect(await mtu("192.0.2.1")).toBe(
    "ok: 1500 bytes by eth0; links find out what the whole way takes",
  );
  expect(await mtu("192.0.2.2")).toBe(
    "warn: 1300 bytes by tun0, 1348 wanted: long packets travel in two",
  );
  expect(await mtu("192.0.2.3")).toBe(
    "fail: 1200 bytes by tun1, 1280 needed: nothing passes that is longer",
  );
  expect(await mtu("192.0.2.4")).toBe("warn: this machine knows no way there");
});

test("this machine's own way is known, and one that it has not is not", async () => {
  expect(await wayTo("127.0.0.1")).toEqual({ name: "lo", mtu: expect.any(Number) });
  expect(await wayTo("not an address")).toBeNull();
});
