import { expect, test } from "bun:test";
import { inRanges, parseCidr } from "../src/config/cidr.ts";
import type { Config, ConfigSources } from "../src/config.ts";
import {
  exampleConfig,
  isForThisMachine,
  isOpenByDefault,
  loadConfig,
  needsFirstToken,
  optionTable,
} from "../src/config.ts";
import { matchesPattern } from "../src/control/http/pattern.ts";
import { seeded } from "./support/random.ts";

function load(sources: Partial<ConfigSources> & { file?: string }) {
  const file = sources.file;
  return loadConfig({
    args: file === undefined ? [] : ["--config", "c.toml"],
    env: {},
    readFile: () => file ?? "",
    cores: 4,
    memoryBytes: 8e9,
    ...sources,
  });
}

function good(sources: Parameters<typeof load>[0]): Config {
  const result = load(sources);
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

function bad(sources: Parameters<typeof load>[0]): string {
  const result = load(sources);
  if (result.ok) throw new Error("was accepted");
  expect(result.error).not.toContain("\n");
  return result.error;
}

test("defaults", () => {
  const config = good({});
  expect(config.http).toEqual({ host: "127.0.0.1", port: 8080 });
  expect(config.media).toEqual({ host: "0.0.0.0", port: 8200 });
  expect(config.workers).toEqual({ ingest: 1, egress: 4, relay: 0, packager: 1 });
  expect(config.ringMemoryBytes).toBe(2e9);
  expect(config.hook).toBeNull();
  expect(config.auth.sessionUrlIsProof).toBe(true);
});

test("flags beat environment, environment beats the file", () => {
  const file = `http = "127.0.0.1:1"\nmedia = "0.0.0.0:1000"\nlog-level = "warn"`;
  const env = { SPILLWAY_HTTP: "127.0.0.1:2", SPILLWAY_MEDIA: "0.0.0.0:2000", HOME: "/root" };
  const args = ["--config", "c.toml", "--http=127.0.0.1:3", "--insecure"];
  const config = good({ args, env, readFile: () => file });
  expect(config.http.port).toBe(3);
  expect(config.media.port).toBe(2000);
  expect(config.logLevel).toBe("warn");
  expect(config.insecure).toBe(true);
});

test("every option can be set by flag, environment and file", () => {
  const values: Record<string, string> = { HOST: "h" };
  const sample: Record<string, string> = {
    "HOST:PORT": "127.0.0.1:9000",
    "ADDRESS:PORT": "127.0.0.1:9000",
    "PUBLIC[/LOCAL],...": "192.0.2.1/10.0.0.1,2001:db8::1",
    N: "2",
    SIZE: "512m",
    "CIDR,...": "10.0.0.0/8",
    "ORIGIN,...": "https://a.example,http://localhost:5173",
    TIME: "30d",
    URL: "https://a.example",
    FILE: "f",
    DIR: "d",
    LEVEL: "debug",
    FORMAT: "json",
    "BITS/S": "5M",
    TEXT: "text",
    MS: "100",
    "ADDRESS[:PORT],...": "192.0.2.1",
    "HOST[:PORT],...": "a.example,[2001:db8::1]:9000",
    ROLE: "edge",
    MODE: "always",
    PROOF: "url",
    "[MODE]": "standby",
    SECONDS: "0.25",
    NAME: "name",
    "mesh|etcd[s]://HOST:PORT,...": "etcds://a.example:1",
    "": "true",
  };
  // A file is read, and stands for hook.secret.
  const table = optionTable.filter((row) => row.key !== "hook.secret-file");
  for (const row of table) values[row.key] = sample[row.value]!;
  // Not among media's, and a file that is read.
  Object.assign(values, { link: "127.0.0.1:8300", "cluster-secret-file": "s" });
  Object.assign(values, { "ice-tcp": "127.0.0.1:8443" });
  Object.assign(values, { "etcd-ca": "ca", "etcd-cert": "ca", "etcd-user-file": "u" });
  const args = table
    .filter((row) => row.key !== "config")
    .map((row) => `${row.flag}=${values[row.key]}`);
  const env = Object.fromEntries(table.map((row) => [row.env, values[row.key]]));
  const lines = table
    .filter((row) => row.key !== "config")
    .map((row) => `${row.key} = ${JSON.stringify(values[row.key])}`);
  const file = lines.join("\n");
  const ca = "-----BEGIN CERTIFICATE-----";
  const texts: Record<string, string> = { "c.toml": file, s: "5a".repeat(32), ca, u: "a:b" };
  const readFile = (path: string) => texts[path] ?? "";
  const byFlag = good({ args, readFile });
  expect(good({ env, readFile })).toEqual(byFlag);
  expect(good({ file, readFile })).toEqual(byFlag);
  expect(byFlag).not.toEqual(good({}));
});

test("S14: the hook's secret comes from a file that nobody else may use", () => {
  const url = "--hook-url=https://a.example/";
  const secret = (
    mode: number | null,
    args = [url, "--hook-secret-file=s"],
    text = "s3cret\n",
  ) => ({
    args,
    readFile: (path: string) => (path === "s" ? text : ""),
    fileMode: (path: string) => (path === "s" ? mode : null),
  });
  for (const mode of [0o600, 0o400, 0o640, 0o440, null]) {
    expect(good(secret(mode)).hook!.secret).toBe("s3cret");
  }
  for (const mode of [0o644, 0o660, 0o604, 0o602, 0o777]) {
    expect(bad(secret(mode))).toContain(`mode ${mode.toString(8)}): chmod 600 s`);
  }
  const both = [url, "--hook-secret-file=s", "--hook-secret=x"];
  expect(bad(secret(0o600, both))).toStartWith("hook.secret:");
  expect(bad(secret(0o600, [url, "--hook-secret-file=s"], " \n"))).toContain("s is empty");
  expect(
    bad({
      ...secret(0o600),
      readFile: () => {
        throw new Error("gone");
      },
    }),
  ).toContain("gone");
});

test("S4 S7: origins and lifetimes are read strictly", () => {
  const origins = (text: string) => good({ args: ["--cors-origins", text] }).corsOrigins;
  expect(origins("https://A.example:443, http://localhost:5173")).toEqual([
    "https://a.example",
    "http://localhost:5173",
  ]);
  for (const text of [
    "*",
    "null",
    "a.example",
    "https://a.example/x",
    "file:///x",
    "https://u@a",
  ]) {
    expect(bad({ args: ["--cors-origins", text] })).toStartWith("--cors-origins:");
  }
  expect(good({}).auth.lifetimeMax).toBe(400 * 86_400);
  expect(good({ file: 'max-token-lifetime = "12h"' }).auth.lifetimeMax).toBe(43_200);
  for (const text of ["0d", "12", "1e9d", "-1d", "1w", "9999999999d"]) {
    expect(bad({ args: ["--max-token-lifetime", text] })).toContain("is not a time");
  }
  const view = (value: string) => `[[streams]]\nmatch = "a"\nview = "${value}"`;
  expect(good({ file: view("open") }).streams[0]!.view).toBe("open");
  expect(bad({ file: view("public") })).toContain('streams[0].view: must be "token" or "open"');
});

test("a mistake is one line that names the key and where it stands", () => {
  expect(bad({ args: ["--htp", "x"] })).toBe("--htp: unknown option (did you mean --http?)");
  expect(bad({ args: ["--http"] })).toStartWith("--http: needs a value");
  expect(bad({ args: ["--http", "8080"] })).toStartWith('--http: "8080" is not HOST:PORT');
  expect(bad({ env: { SPILLWAY_MEDIAA: "x" } })).toContain("did you mean SPILLWAY_MEDIA?");
  expect(bad({ env: { SPILLWAY_INGEST_WORKERS: "many" } })).toStartWith("SPILLWAY_INGEST_WORKERS:");
  expect(bad({ file: "tls-cert = 'x'" })).toStartWith("tls-key:");
  expect(bad({ file: "[limits]\nsesions = 1" })).toBe(
    "c.toml: limits.sesions: unknown key (did you mean limits.sessions?)",
  );
  expect(bad({ file: "x = = 1" })).toStartWith("c.toml:");
  expect(bad({ file: "[hook]\nsecret = 'x'" })).toStartWith("hook.url:");
  expect(bad({ file: "ring-memory = '200%'" })).toStartWith("c.toml: ring-memory:");
  expect(bad({ args: ["--media", "0.0.0.0:65534"] })).toStartWith("media:");
  expect(bad({ args: ["--media", "localhost:1"] })).toStartWith(
    '--media: "localhost" is not an IP address',
  );
  const beside = (http: string, iceTcp: string) => ({
    args: ["--http", http, "--ice-tcp", iceTcp],
  });
  for (const http of ["0.0.0.0:443", "192.0.2.1:443", "[::]:443"]) {
    expect(bad(beside(http, "192.0.2.1:443"))).toBe("ice-tcp: port 443 is that of http");
  }
  expect(good(beside("192.0.2.2:443", "192.0.2.1:443")).iceTcp).toEqual({
    host: "192.0.2.1",
    port: 443,
  });
  expect(good(beside("0.0.0.0:0", "0.0.0.0:0")).iceTcp?.port).toBe(0);
  const token = (text: string) => bad({ file: `[[auth.tokens]]\n${text}` });
  expect(token("rights = ['view']")).toContain("auth.tokens[0]");
  expect(token("token = 'short'\nrights = ['view']")).toContain("auth.tokens[0].token");
  expect(token("token = '0123456789abcdef'\nrights = ['root']")).toContain("rights[0]");
  expect(token("tokn = '0123456789abcdef'\nrights = ['view']")).toContain("tokn");
  expect(bad({ file: "[[auth.keys]]\nalg = 'HS256'\nsecret = 'short'" })).toContain("auth.keys[0]");
  expect(bad({ file: "[[auth.keys]]\nalg = 'none'" })).toContain("auth.keys[0].alg");
  expect(bad({ file: "[[ice-servers]]\nurls = 'http://x'" })).toContain("ice-servers[0].urls");
  const missing = loadConfig({
    args: ["--config", "none.toml"],
    env: {},
    readFile: () => {
      throw new Error("ENOENT: no such file");
    },
    cores: 1,
    memoryBytes: 1e9,
  });
  expect(missing).toEqual({ ok: false, error: "none.toml: ENOENT: no such file" });
});

test("limits of layers: of streams and of tokens, in pixels and bits a second", () => {
  const limits = "max-width = 1280\nmax-height = 720\nmax-bitrate = '1.5M'";
  const read = { "max-width": 1280, "max-height": 720, "max-bitrate": 1_500_000 };
  expect(good({ file: `[[streams]]\nmatch = "a"\n${limits}` }).streams[0]).toMatchObject(read);
  const token = "[[auth.tokens]]\ntoken = '0123456789abcdef'\nrights = ['view']\n";
  expect(good({ file: token + limits }).auth.tokens[0]).toMatchObject(read);
  const cases: readonly [string, string][] = [
    ["max-width = 15", 'streams[0].max-width: "15" is not a whole number from 16 to 16384'],
    ["max-height = 720.5", 'streams[0].max-height: "720.5" is not a whole number from 16 to 16384'],
    ["max-bitrate = '1k'", "streams[0].max-bitrate: at least 10k"],
    ["max-bitrate = 'much'", 'streams[0].max-bitrate: "much" is not a bit rate'],
    ["max-size = 1", "streams[0]: unknown key max-size"],
  ];
  for (const [line, error] of cases) {
    expect(bad({ file: `[[streams]]\nmatch = "a"\n${line}` })).toStartWith(`c.toml: ${error}`);
  }
  expect(bad({ file: `${token}max-height = 1` })).toStartWith("c.toml: auth.tokens[0].max-height:");
});

test("the example's tables are valid once they are switched on", () => {
  const tables = exampleConfig().split("# Static tokens")[1]!;
  const on = tables
    .replace(/^# (\[\[|[a-z-]+ = )/gm, "$1")
    .split("\n")
    .slice(1)
    .join("\n");
  const config = good({
    file: on
      .replace("base64url of at least 32 random bytes", "A".repeat(43))
      .replace(/hash = "\w+"/, `hash = "${"5a".repeat(32)}"`),
  });
  expect(config.auth.tokens[0]).toMatchObject({ "max-width": 1280, "max-bitrate": 2_000_000 });
  expect(config.streams[0]).toMatchObject({ match: "events/**", "max-height": 720 });
});

test("the configuration is frozen to its leaves", () => {
  const config = good({});
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.limits)).toBe(true);
  expect(Object.isFrozen(config.auth.tokens)).toBe(true);
});

test("the example is valid as it stands and with every option switched on", () => {
  const text = exampleConfig();
  expect(good({ file: text })).toEqual(good({}));
  const on = text
    .split("# Static tokens")[0]!
    .split("\n")
    .map((line) => line.replace(/^# ([a-z-]+ = [^"]\S*|[a-z-]+ = "[^"]+")$/, "$1"))
    .join("\n");
  // Most options of a cluster are for who has a secret.
  const secret = "--cluster-secret-file=s";
  const readFile = (path: string) => (path === "s" ? "5a".repeat(32) : on);
  const args = ["--config", "c.toml", secret];
  expect(good({ args, readFile })).toEqual(good({ args: [secret], readFile }));
  for (const row of optionTable) {
    if (!row.hidden && row.key !== "config") expect(text).toContain(`# ${row.help}`);
  }
});

test("what is open by default, and what needs a first token", () => {
  const states = (args: string[]) => {
    const config = good({ args });
    return [isOpenByDefault(config), needsFirstToken(config)];
  };
  expect(states([])).toEqual([true, false]);
  expect(states(["--http", "[::1]:8080"])).toEqual([true, false]);
  expect(states(["--http", "localhost:8080"])).toEqual([true, false]);
  expect(states(["--http", "0.0.0.0:8080"])).toEqual([false, true]);
  expect(states(["--trusted-proxy", "127.0.0.1"])).toEqual([false, true]);
  expect(states(["--http", "0.0.0.0:8080", "--insecure"])).toEqual([false, false]);
});

test("CIDR: IPv4, IPv6, mapped addresses, limits", () => {
  const within = (address: string, range: string) => inRanges(address, [parseCidr(range)!]);
  expect(within("10.255.0.1", "10.0.0.0/8")).toBe(true);
  expect(within("11.0.0.1", "10.0.0.0/8")).toBe(false);
  expect(within("192.168.1.129", "192.168.1.128/25")).toBe(true);
  expect(within("192.168.1.127", "192.168.1.128/25")).toBe(false);
  expect(within("::ffff:10.0.0.1", "10.0.0.0/8")).toBe(true);
  expect(within("2001:db8:ffff::1", "2001:db8::/32")).toBe(true);
  expect(within("2001:db9::1", "2001:db8::/32")).toBe(false);
  expect(within("::1", "::1")).toBe(true);
  expect(within("1.2.3.4", "0.0.0.0/0")).toBe(true);
  expect(within("::1", "0.0.0.0/0")).toBe(false);
  expect(within("nonsense", "::/0")).toBe(false);
  for (const text of [
    "",
    "1.2.3",
    "1.2.3.4/33",
    "1.2.3.400",
    "01.2.3.4",
    "::/129",
    ":::",
    "1::2::3",
    "g::",
    "1.2.3.4/",
    "1.2.3.4/8/8",
  ]) {
    expect(parseCidr(text)).toBeNull();
  }
});

test("CIDR and patterns: random text never throws, and takes bounded time", () => {
  const seed = 77;
  const random = seeded(seed);
  const draw = (alphabet: string) =>
    Array.from(
      { length: Math.floor(random() * 40) },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join("");
  for (let i = 0; i < 10_000; i += 1) {
    parseCidr(draw("0123456789abcdef:./%[]"));
    matchesPattern(draw("a*/"), draw("a/b"));
  }
  expect(matchesPattern("*a*a*a*a*a*a*a*a*b", "a".repeat(200))).toBe(false);
});

test("patterns: * within a segment, ** across, the rest literal", () => {
  const cases: [string, string, boolean][] = [
    ["a/*", "a/b", true],
    ["a/*", "a/b/c", false],
    ["a/**", "a/b/c", true],
    ["a/*/c", "a/b/c", true],
    ["*", "a/b", false],
    ["*", "a", true],
    ["***", "a/b", true],
    ["*/*", "a/b/c", false],
    ["**", "a/b", true],
    ["a*c", "abc", true],
    ["a*c", "ac", true],
    ["a", "ab", false],
    ["a.c", "abc", false],
    ["**/live", "x/y/live", true],
    ["", "a", false],
  ];
  for (const [pattern, name, expected] of cases) {
    expect([pattern, name, matchesPattern(pattern, name)]).toEqual([pattern, name, expected]);
  }
});

test("a listener on loopback is for this machine, unless a proxy leads there", () => {
  const own = (...args: readonly string[]) => isForThisMachine(good({ args }));
  expect(own()).toBe(true);
  expect(own("--http=[::1]:8080")).toBe(true);
  expect(own("--http=0.0.0.0:8080")).toBe(false);
  expect(own("--trusted-proxy=127.0.0.1")).toBe(false);
  expect(own("--public-url=https://live.example.com")).toBe(false);
});
