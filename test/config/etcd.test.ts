/** `--names` and what lets a node into etcd: what is read of it, and what is refused in which words. */
import { expect, test } from "bun:test";
import { type ConfigResult, loadConfig } from "../../src/config.ts";

const FILES: Readonly<Record<string, string>> = {
  "/s": "5a".repeat(32),
  "/ca": "-----BEGIN CERTIFICATE-----\nca",
  "/cert": "-----BEGIN CERTIFICATE-----\ncert",
  "/key": "key",
  "/user": "node:pass:word\n",
};

function load(args: readonly string[], modes: Readonly<Record<string, number>> = {}): ConfigResult {
  return loadConfig({
    args: ["--cluster-secret-file=/s", ...args],
    env: {},
    readFile: (path) => {
      const text = FILES[path];
      if (text === undefined) throw new Error(`${path} is missing`);
      return text;
    },
    fileMode: (path) => modes[path] ?? 0o600,
    cores: 2,
    memoryBytes: 8e9,
  });
}

function names(value: string): unknown {
  const result = load(["--names", value]);
  return result.ok ? result.config.cluster!.names : result.error;
}

function refusal(...args: readonly string[]): string {
  const result = load(args);
  return result.ok ? "" : result.error;
}

test("the nodes decide among each other unless etcd is named", () => {
  const result = load([]);
  expect(result.ok && result.config.cluster).toMatchObject({ names: null, etcd: null });
  expect(names("mesh")).toBeNull();
});

test("members of etcd are hosts with ports, with TLS or without", () => {
  expect(names("etcd://a:1,b.example:2")).toEqual(["http://a:1", "http://b.example:2"]);
  expect(names("etcds://192.0.2.1, [2001:db8::1]:4")).toEqual([
    ...["https://192.0.2.1:2379", "https://[2001:db8::1]:4"],
  ]);
  const result = load(["--names=etcd://a"]);
  const nothing = { ca: null, cert: null, key: null, user: null, keyFile: null, userFile: null };
  expect(result.ok && result.config.cluster!.etcd).toEqual(nothing);
});

test("what is neither is refused, and a password in it is not said again", () => {
  for (const value of ["", "etcd", "etcd:", "etcd://", "http://a:1", "Mesh", "etcd://a/b"]) {
    expect(names(value)).toContain("--names: ");
  }
  expect(names("etcd://a:0")).toContain("is not HOST or HOST:PORT");
  expect(names(`etcd://${Array.from({ length: 10 }, (_, i) => `h${i}`).join(",")}`)).toContain(
    "has 10 entries, at most 9",
  );
  const secret = names("etcd://node:hush@a:1");
  expect(secret).toBe("--names: has a user: --etcd-user-file is for that");
});

test("files are read at once, and again at a reload", () => {
  const tls = ["--etcd-ca=/ca", "--etcd-cert=/cert", "--etcd-key=/key", "--etcd-user-file=/user"];
  const result = load(["--names=etcds://a", ...tls]);
  expect(result.ok && result.config.cluster!.etcd).toEqual({
    ...{ ca: FILES["/ca"]!, cert: FILES["/cert"]!, key: "key", keyFile: "/key", userFile: "/user" },
    user: { name: "node", password: "pass:word" },
  });
});

test("what does not fit together, or cannot be read, is one line", () => {
  expect(refusal("--etcd-user-file=/user")).toBe("etcd-user-file: is set, and names is mesh");
  expect(refusal("--etcd-ca=/ca")).toBe("etcd-ca: is set, and names is mesh");
  const ca = "etcd-ca: is set, and names is not etcds://";
  expect(refusal("--names=etcd://a", "--etcd-ca=/ca")).toBe(ca);
  const half = "etcd-key: is missing, etcd-cert needs it";
  expect(refusal("--names=etcds://a", "--etcd-cert=/cert")).toBe(half);
  expect(refusal("--names=etcds://a", "--etcd-key=/key")).toContain("etcd-cert: is missing");
  expect(refusal("--names=etcds://a", "--etcd-ca=/none")).toBe("etcd-ca: /none is missing");
  const noPem = "etcd-ca: /key has no certificate (PEM)";
  expect(refusal("--names=etcds://a", "--etcd-ca=/key")).toBe(noPem);
  const noUser = "etcd-user-file: /s is not one line USER:PASSWORD";
  expect(refusal("--names=etcd://a", "--etcd-user-file=/s")).toBe(noUser);
});

test("secrets that others may read are refused", () => {
  for (const [option, path] of [
    ["etcd-user-file", "/user"],
    ["etcd-key", "/key"],
  ] as const) {
    const args = [
      "--names=etcds://a",
      "--etcd-cert=/cert",
      "--etcd-key=/key",
      `--${option}=${path}`,
    ];
    const result = load(args, { [path]: 0o644 });
    expect(!result.ok && result.error).toStartWith(`${option}: others may use ${path}`);
  }
});

test("etcd without a cluster is refused", () => {
  const result = loadConfig({
    ...{ args: ["--names=etcd://a"], env: {}, readFile: () => "", cores: 2, memoryBytes: 8e9 },
  });
  expect(!result.ok && result.error).toBe("cluster-secret-file: is missing, names needs it");
});
