import { expect, test } from "bun:test";
import { OPTIONS } from "../../src/config/options.ts";
import { changedUntilRestart } from "../../src/config/restart.ts";
import { type Config, loadConfig } from "../../src/config.ts";

const SECRET = "5a".repeat(32);
const TOKEN = '[[auth.tokens]]\ntoken = "0123456789abcdef"\nrights = ["view"]\n';

function parse(args: readonly string[], text = ""): Config {
  const result = loadConfig({
    args: ["--config=c.toml", ...args],
    env: {},
    readFile: (path) => (path === "c.toml" ? text : SECRET),
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

const changed = (before: Config, after: Config) => changedUntilRestart(before, after);

test("what a reload reads is not named: tokens, keys, secrets, who may watch", () => {
  const node = parse(["--cluster-secret-file=/s"]);
  const exchanged = { ...node.cluster!, secrets: [new Uint8Array(32)] };
  expect(changed(node, { ...node, cluster: exchanged })).toEqual([]);
  const etcd = parse(["--cluster-secret-file=/s", "--names=etcd://a"]);
  const access = { ...etcd.cluster!.etcd!, user: { name: "other", password: "word" } };
  expect(changed(etcd, { ...etcd, cluster: { ...etcd.cluster!, etcd: access } })).toEqual([]);
  const closed = '[[streams]]\nmatch = "a"\nview = "open"\n';
  expect(changed(parse([], closed), parse([], closed.replace("open", "token") + TOKEN))).toEqual(
    [],
  );
  expect(changed(parse([]), parse(["--auth-audience=other"], TOKEN))).toEqual([]);
  const secure = (name: string) => parse([`--tls-cert=${name}.crt`, `--tls-key=${name}.key`]);
  expect(changed(secure("a"), secure("b"))).toEqual([]);
  expect(changed(parse([]), secure("a"))).toEqual(["tls-cert, tls-key"]);
  expect(changed(secure("a"), parse([]))).toEqual(["tls-cert, tls-key"]);
});

test("what counts from the next start on is named as it is written", () => {
  const none = parse([]);
  expect(changed(none, parse(["--egress-workers=1", "--log-level=debug", "--takeover"]))).toEqual([
    "ingest-workers, egress-workers",
    "takeover",
    "log-level",
  ]);
  expect(changed(none, parse(["--limits-sessions=7"]))).toEqual(["limits"]);
  expect(changed(none, parse(["--hls-children=url"]))).toEqual([
    "hls, hls-part, hls-memory, hls-children",
  ]);
  expect(changed(none, parse(["--disk-reserve=5g"]))).toEqual(["disk-reserve"]);
  const kept = '[[streams]]\nmatch = "a"\nhls = "always"\n';
  const longer = kept.replace('hls = "always"', 'dvr = "2h"');
  // It begins or ends a thread besides.
  expect(changed(parse([], kept), parse([], longer))).toEqual(["streams"]);
  const slow = '[[streams]]\nmatch = "a"\nplayout-delay-min-ms = 100\n';
  expect(changed(none, parse([], slow))).toEqual(["streams"]);
});

test("that a server becomes a node, or is none any more, and what it is as one", () => {
  const node = parse(["--cluster-secret-file=/s"]);
  const none = { ...node, cluster: null };
  expect(changed(none, node)).toEqual(["cluster-secret-file"]);
  expect(changed(node, none)).toEqual(["cluster-secret-file"]);
  expect(changed(node, parse(["--cluster-secret-file=/s", "--role=edge", "--join=a"]))).toEqual([
    "join",
    "role",
  ]);
  expect(changed(node, parse(["--cluster-secret-file=/s", "--names=etcd://a"]))).toEqual(["names"]);
});

test("every part of a configuration is read again or is named here", () => {
  const { auth, insecure, corsOrigins, cluster, streams, ...rest } = parse([]);
  const names = Object.keys(rest).map((key) => changed(parse([]), { ...parse([]), [key]: "x" }));
  for (const each of names) {
    expect(each).toHaveLength(1);
    for (const name of each[0]!.split(", ")) {
      const known = Object.keys(OPTIONS).some((key) => key === name || key.startsWith(`${name}.`));
      expect(known || name === "ice-servers").toBeTrue();
    }
  }
});
