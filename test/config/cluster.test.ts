import { expect, test } from "bun:test";
import { type Config, type ConfigSources, loadConfig } from "../../src/config.ts";
import { READER_THREADS_MAX } from "../../src/limits.ts";

const SECRET = "5a".repeat(32);

function load(args: readonly string[], sources: Partial<ConfigSources> = {}) {
  return loadConfig({
    args,
    env: {},
    readFile: () => SECRET,
    cores: 4,
    memoryBytes: 8e9,
    ...sources,
  });
}

/** A node's configuration. */
function node(args: readonly string[], sources: Partial<ConfigSources> = {}): Config {
  const result = load(["--cluster-secret-file=/s", ...args], sources);
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

function refusal(args: readonly string[], sources: Partial<ConfigSources> = {}): string {
  const result = load(args, sources);
  if (result.ok) throw new Error("was accepted");
  expect(result.error).not.toContain("\n");
  return result.error;
}

const wrong = (...args: string[]) => refusal(["--cluster-secret-file=/s", ...args]);

test("a server without a secret is no node", () => {
  const result = load([]);
  expect(result.ok && result.config.cluster).toBeNull();
  expect(result.ok && result.config.workers.relay).toBe(0);
});

test("the secret alone makes a node, with a relay worker and defaults for all else", () => {
  const { cluster, workers } = node([]);
  expect(workers).toEqual({ ingest: 1, egress: 4, relay: 1, packager: 1 });
  expect(cluster).toEqual({
    name: "spillway",
    secretFile: "/s",
    secrets: [new Uint8Array(32).fill(0x5a)],
    link: { host: "0.0.0.0", port: 8300 },
    advertise: [],
    join: [],
    role: "auto",
    region: "",
    childrenMax: 64,
    capacity: null,
    linkRate: null,
    names: null,
    etcd: null,
  });
  expect(Object.isFrozen(cluster)).toBe(true);
});

test("everything else of a node is set by its options", () => {
  const { cluster } = node([
    ...["--cluster-name", "live_2", "--link", "[::]:9300", "--role", "edge", "--region", "eu-1"],
    ...["--link-advertise", "203.0.113.5, [2001:db8::5]:1", "--children-max", "1024"],
    ...["--capacity", "10G", "--link-rate", "500M"],
    ...["--join", "a.example,node_1:9000,192.0.2.7,[2001:db8::7]:1,[2001:db8::8]"],
  ]);
  expect(cluster).toMatchObject({
    name: "live_2",
    link: { host: "::", port: 9300 },
    advertise: ["203.0.113.5:9300", "[2001:db8::5]:1"],
    role: "edge",
    region: "eu-1",
    childrenMax: 1024,
    capacity: 10e9,
    linkRate: 500e6,
  });
  // Others have their own port, whatever ours is.
  expect(cluster!.join).toEqual([
    { host: "a.example", port: 8300 },
    { host: "node_1", port: 9000 },
    { host: "192.0.2.7", port: 8300 },
    { host: "2001:db8::7", port: 1 },
    { host: "2001:db8::8", port: 8300 },
  ]);
});

test("an option of a cluster without the secret file is refused", () => {
  for (const [option, value] of [
    ["cluster-name", "spillway"],
    ["link", "0.0.0.0:8300"],
    ["link-advertise", "192.0.2.1"],
    ["join", "a.example"],
    ["role", "auto"],
    ["region", "eu"],
    ["children-max", "64"],
    ["capacity", "1G"],
    ["link-rate", "1G"],
  ] as const) {
    const words = `cluster-secret-file: is missing, ${option} needs it`;
    expect(refusal([`--${option}=${value}`])).toBe(words);
    const env = { [`SPILLWAY_${option.replaceAll("-", "_").toUpperCase()}`]: value };
    expect(refusal([], { env })).toBe(words);
  }
});

test("a secret file that cannot be used is one line that names the option and the file", () => {
  const file = (text: string, mode = 0o600) => {
    const sources = { readFile: () => text, fileMode: () => mode };
    return refusal(["--cluster-secret-file=/s"], sources);
  };
  expect(file(SECRET, 0o644)).toBe(
    "cluster-secret-file: others may use /s (mode 644): chmod 600 /s",
  );
  expect(file("")).toBe("cluster-secret-file: /s: it has no secret");
  expect(file("5a".repeat(31))).toContain("cluster-secret-file: /s: line 1 has 31 bytes");
  expect(file(`\n${"not base64!"}`)).toContain("/s: line 2 is neither hex nor base64");
  expect(file(`${SECRET}\n`.repeat(4))).toContain("/s: it has 4 secrets");
  expect(wrong("--cluster-secret-file=")).toBe("--cluster-secret-file: must not be empty");
  const readFile = () => {
    throw new Error("ENOENT: no such file, open '/s'");
  };
  expect(refusal(["--cluster-secret-file=/s"], { readFile })).toBe(
    "cluster-secret-file: ENOENT: no such file, open '/s'",
  );
});

test("what is read again has the file's new secrets", () => {
  const text = `# new\n${"a5".repeat(32)}\n# old\n${SECRET}\n`;
  const { cluster } = node([], { readFile: () => text, fileMode: () => 0o640 });
  expect(cluster!.secrets.map((secret) => secret[0])).toEqual([0xa5, 0x5a]);
});

test("a seed is a name or an address that can be reached, with brackets around IPv6", () => {
  for (const seed of [
    ...["2001:db8::1", "2001:db8::1:8300", "a.example:0", "a.example:65536", "a.example:", ":1"],
    ...["http://a.example", "a..example", "-a", "a b", "1.2.3", "1.2.3.400", "a.0x7f", "0.0.0.0"],
    ...["[::]:1", "[::1", "[a]", "fe80::1%eth0", "[fe80::1%eth0]", "10.0.0.1%x", "10.0.0.0/8"],
    ...["h\u00e9.example", `${"a".repeat(64)}.example`],
  ]) {
    expect(wrong("--join", seed), seed).toStartWith(`--join: "${seed}" is not HOST or HOST:PORT`);
  }
  const seeds = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`).join(",");
  expect(node(["--join", seeds(16)]).cluster!.join).toHaveLength(16);
  expect(wrong("--join", seeds(17))).toBe("--join: has 17 entries, at most 16");
});

test("advertised are addresses, and a port that can be known", () => {
  expect(wrong("--link-advertise", "a.example")).toContain('"a.example" is not ADDRESS or');
  expect(wrong("--link-advertise", "0.0.0.0")).toStartWith("--link-advertise:");
  expect(wrong("--link-advertise", "192.0.2.1,".repeat(9))).toContain("at most 8");
  const open = ["--link", "127.0.0.1:0", "--link-advertise"];
  expect(wrong(...open, "192.0.2.1")).toBe("link-advertise: 192.0.2.1 needs a port, link has none");
  expect(node([...open, "192.0.2.1:7"]).cluster!.advertise).toEqual(["192.0.2.1:7"]);
});

test("other values that make no sense are refused", () => {
  expect(wrong("--role", "leaf")).toBe('--role: must be one of "auto", "core", "edge"');
  expect(wrong("--children-max", "0")).toContain("is not a whole number from 1 to 1024");
  expect(wrong("--children-max", "1025")).toContain("is not a whole number from 1 to 1024");
  expect(wrong("--link", "a.example:8300")).toContain("is not an IP address");
  for (const name of ["", "a b", "n\u00e4he", "a".repeat(65)]) {
    expect(wrong("--cluster-name", name)).toStartWith(`--cluster-name: "${name}" is not 1 to 64`);
    expect(wrong("--region", name)).toStartWith("--region:");
  }
});

test("the link's port is none of media's where they could meet", () => {
  const words = "link: port 8300 is one of media's (8299 to 8303)";
  expect(wrong("--media", "0.0.0.0:8299")).toBe(words);
  expect(wrong("--media", "192.0.2.1:8299")).toBe(words);
  const apart = ["--media", "192.0.2.1:8299", "--link", "192.0.2.2:8300"];
  expect(node(apart).cluster!.link.port).toBe(8300);
  // Four egress workers and one that ingests.
  expect(node(["--media", "0.0.0.0:8295"]).media.port).toBe(8295);
  expect(node(["--media", "0.0.0.0:0", "--link", "0.0.0.0:0"]).cluster!.link.port).toBe(0);
});

test("rings have room for relay and packager beside those that send to viewers", () => {
  const egress = READER_THREADS_MAX - 2;
  expect(node([], { cores: 128 }).workers).toEqual({ ingest: 1, egress, relay: 1, packager: 1 });
  const result = load([], { cores: 128 });
  expect(result.ok && result.config.workers.egress).toBe(READER_THREADS_MAX - 1);
  expect(wrong(`--egress-workers=${READER_THREADS_MAX}`)).toBe(
    "egress-workers: 66 workers would read rings (egress, relay, packager), 64 can",
  );
});
