/** What opens a service to the world, written below a root folder. */
import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "../../src/cli/given.ts";
import { writeFile } from "../../src/cli/install-files.ts";
import { PUBLIC_OPTIONS, publicService } from "../../src/cli/public-service.ts";
import { exampleConfig, loadConfig } from "../../src/config.ts";
import { createCertificate } from "../../src/io/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-public-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let roots = 0;
function freshRoot(): string {
  roots += 1;
  return join(folder, `root-${roots}`);
}

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const { certificatePem, privateKeyPem } = createCertificate();
const TLS = [
  ...["--tls-cert", file("live.crt", certificatePem)],
  ...["--tls-key", file("live.key", privateKeyPem)],
];
const SECRET = "5a".repeat(32);

const plan = (root: string, ...args: readonly string[]) =>
  publicService(readOptions("install", PUBLIC_OPTIONS, args), root);

/** Writes it, and reads the configuration as the service would with `root` as its root folder. */
function installed(root: string, ...args: readonly string[]) {
  for (const each of plan(root, ...args)!.files) writeFile(each, root);
  const result = loadConfig({
    args: ["--config", "/etc/spillway/spillway.toml"],
    env: {},
    readFile: (path) => readFileSync(root + path, "utf8"),
    fileMode: (path) => statSync(root + path).mode & 0o777,
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

const modes = (root: string) =>
  Object.fromEntries(
    readdirSync(join(root, "etc/spillway")).map((name) => [
      name,
      (statSync(join(root, "etc/spillway", name)).mode & 0o777).toString(8),
    ]),
  );

const tokenOf = (root: string, right: string) =>
  readFileSync(join(root, `etc/spillway/${right}.token`), "utf8");

test("behind a proxy on the same machine it listens on loopback and believes that proxy", () => {
  const root = freshRoot();
  const config = installed(root, "--public-url", "https://live.example.com", "--behind-proxy");
  expect(config.http).toEqual({ host: "127.0.0.1", port: 8080 });
  expect(config.publicUrl).toBe("https://live.example.com");
  expect(config.trustedProxies).toHaveLength(2);
  expect(config.tls).toBeNull();
  expect(config.cluster).toBeNull();
});

test("beside a proxy that has port 8080 it takes another one, and keeps to what the URL stands for", () => {
  const url = "https://LIVE.example.com:8080/";
  const { publicUrl, config } = plan(freshRoot(), "--public-url", url, "--behind-proxy")!;
  expect(config.http).toEqual({ host: "127.0.0.1", port: 8081 });
  expect([publicUrl, config.publicUrl]).toEqual(Array(2).fill("https://live.example.com:8080"));
});

test("each right has a token of its own, in a file of mode 600; the configuration has the hash", () => {
  const root = freshRoot();
  const { auth } = installed(root, "--public-url", "https://live.example.com", "--behind-proxy");
  const rights = ["publish", "view", "admin"];
  expect(auth.tokens.map((token) => token.rights)).toEqual(rights.map((right) => [right]) as never);
  expect(new Set(rights.map((right) => tokenOf(root, right))).size).toBe(3);
  const text = readFileSync(join(root, "etc/spillway/spillway.toml"), "utf8");
  for (const [i, right] of rights.entries()) {
    const token = tokenOf(root, right).trim();
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(text).not.toContain(token);
    expect(auth.tokens[i]!.hash).toBe(new Bun.CryptoHasher("sha256").update(token).digest("hex"));
  }
  expect(modes(root)).toEqual({
    ...{ "publish.token": "600", "view.token": "600", "admin.token": "600" },
    "spillway.toml": "640",
  });
});

test("with a certificate it listens on the URL's port, and has copies that it may read", () => {
  const root = freshRoot();
  const before = process.umask(0o077);
  try {
    const config = installed(root, "--public-url", "https://live.example.com", ...TLS);
    expect(config.http).toEqual({ host: "0.0.0.0", port: 443 });
    expect(config.tls).toEqual({
      ...{ certFile: "/etc/spillway/tls.crt", keyFile: "/etc/spillway/tls.key" },
    });
    expect(config.trustedProxies).toEqual([]);
  } finally {
    process.umask(before);
  }
  expect(readFileSync(join(root, "etc/spillway/tls.key"), "utf8")).toBe(privateKeyPem);
  expect(modes(root)).toMatchObject({
    ...{ "tls.crt": "640", "tls.key": "640", "spillway.toml": "640", "view.token": "600" },
  });
  expect(statSync(join(root, "etc/spillway")).mode & 0o777).toBe(0o755);
  const port = (url: string, ...more: readonly string[]) =>
    plan(freshRoot(), "--public-url", url, ...more)!.config.http.port;
  expect(port("https://live.example.com:8443", ...TLS)).toBe(8443);
  expect(port("http://192.0.2.7:8080")).toBe(8080);
  expect(port("http://192.0.2.7")).toBe(80);
});

test("a node of a cluster has a copy of the secret, and whom to ask first", () => {
  const root = freshRoot();
  const secret = ["--cluster-secret-file", file("shared.secret", `${SECRET}\n`)];
  const join2 = ["--join", "a.example,192.0.2.7:9300"];
  const proxied = ["--public-url", "https://live.example.com", "--behind-proxy"];
  const { cluster } = installed(root, ...proxied, ...secret, ...join2);
  expect(cluster).toMatchObject({
    secretFile: "/etc/spillway/cluster.secret",
    join: [
      { host: "a.example", port: 8300 },
      { host: "192.0.2.7", port: 9300 },
    ],
  });
  expect(modes(root)["cluster.secret"]).toBe("640");
});

test("a second run changes nothing, and tokens outlive the configuration", () => {
  const root = freshRoot();
  const args = ["--public-url", "https://live.example.com", "--behind-proxy"];
  installed(root, ...args);
  const texts = () =>
    readdirSync(join(root, "etc/spillway")).map((name) =>
      readFileSync(join(root, "etc/spillway", name), "utf8"),
    );
  const before = texts();
  installed(root, ...args);
  expect(texts()).toEqual(before);
  const tokens = ["publish", "view", "admin"].map((right) => tokenOf(root, right));
  rmSync(join(root, "etc/spillway/spillway.toml"));
  rmSync(join(root, "etc/spillway/view.token"));
  installed(root, "--public-url", "http://192.0.2.7:8080");
  expect(tokenOf(root, "publish")).toBe(tokens[0]!);
  expect(tokenOf(root, "view")).not.toBe(tokens[1]!);
});

test("what somebody wrote stays, and nothing is written beside it; the example makes room", () => {
  const root = freshRoot();
  const args = ["--public-url", "https://live.example.com", "--behind-proxy"];
  const config = join(root, "etc/spillway/spillway.toml");
  mkdirSync(join(root, "etc/spillway"), { recursive: true });
  writeFileSync(config, 'http = "0.0.0.0:1"\n');
  expect(() => plan(root, ...args)).toThrow(`${config}: exists, and says something else`);
  expect(readdirSync(join(root, "etc/spillway"))).toEqual(["spillway.toml"]);
  writeFileSync(config, exampleConfig());
  expect(installed(root, ...args).publicUrl).toBe("https://live.example.com");
  const other = freshRoot();
  mkdirSync(join(other, "etc/spillway"), { recursive: true });
  writeFileSync(join(other, "etc/spillway/tls.key"), "another key");
  expect(() => plan(other, "--public-url", "https://live.example.com", ...TLS)).toThrow("tls.key");
  expect(existsSync(join(other, "etc/spillway/spillway.toml"))).toBe(false);
});

test("a token that others may read, or that is none, is not taken", () => {
  const root = freshRoot();
  const args = ["--public-url", "https://live.example.com", "--behind-proxy"];
  installed(root, ...args);
  const path = join(root, "etc/spillway/admin.token");
  chmodSync(path, 0o640);
  expect(() => plan(root, ...args)).toThrow("others may use it (mode 640)");
  chmodSync(path, 0o600);
  for (const text of ["", "short", "two tokens of a good length"]) {
    writeFileSync(path, text);
    expect(() => plan(root, ...args)).toThrow("holds no token");
  }
});

const URL_ARGS = ["--public-url", "https://live.example.com"];
const MISTAKES: readonly (readonly [args: readonly string[], words: string])[] = [
  [["--public-url", "live.example.com"], "--public-url"],
  [["--public-url", "https://live.example.com/path"], "--public-url"],
  [["--public-url", "https://live.example.com#path"], "--public-url"],
  [URL_ARGS, "https needs --tls-cert and --tls-key, or --behind-proxy"],
  [[...URL_ARGS, "--behind-proxy", ...TLS], "the proxy has the certificate"],
  [["--public-url", "http://live.example.com", ...TLS], "begins with https://"],
  [[...URL_ARGS, ...TLS.slice(0, 2)], "tls-key: is missing"],
  [[...URL_ARGS, "--tls-cert", "/none", ...TLS.slice(2)], "tls-cert: ENOENT"],
  [[...URL_ARGS, "--behind-proxy", "--join", "a.example"], "cluster-secret-file: is missing, join"],
  [
    [...URL_ARGS, "--behind-proxy", "--cluster-secret-file", file("short.secret", "5a")],
    "cluster-secret-file: ",
  ],
  [
    [...URL_ARGS, "--behind-proxy", "--cluster-secret-file", file("open.secret", SECRET, 0o644)],
    "others may use",
  ],
  [["--behind-proxy"], "--behind-proxy needs --public-url"],
  [["--join", "a.example"], "--join needs --public-url"],
];

for (const [args, words] of MISTAKES) {
  test(`install ${args.map((each) => each.replace(folder, "")).join(" ")}: is refused`, () => {
    const root = freshRoot();
    expect(() => plan(root, ...args)).toThrow(words);
    expect(existsSync(root)).toBe(false);
  });
}

test("a key of another certificate is refused", () => {
  const other = file("other.key", createCertificate().privateKeyPem);
  const args = [...URL_ARGS, ...TLS.slice(0, 2), "--tls-key", other];
  expect(() => plan(freshRoot(), ...args)).toThrow("not a certificate (PEM) and its key");
});
