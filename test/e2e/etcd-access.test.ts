/** A real etcd behind TLS, that wants a client's certificate, a user and rights: how a node comes in. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkNames } from "../../src/cli/doctor-names.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { EtcdNames } from "../../src/control/etcd/etcd-names.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { createLogger } from "../../src/log.ts";
import { lacksEtcd, TestEtcd } from "../support/etcd.ts";
import { SETUP_MS } from "../support/server.ts";
import { until } from "../support/until.ts";

const skip = lacksEtcd("etcd with TLS and users");
const USER = "node:a pass:word";
let folder: string;
let etcd: TestEtcd;

function openssl(...args: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder, stderr: "pipe" });
  if (!success) throw new Error(stderr.toString());
}

/** NAME.pem and NAME.key, signed by the authority of this test. */
function certificate(name: string, extra: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-new",
    ...key,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/O=${name}`,
  );
  writeFileSync(join(folder, `${name}.ext`), extra);
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    ...sign,
    "-extfile",
    `${name}.ext`,
    "-out",
    `${name}.pem`,
  );
}

beforeAll(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), "spillway-etcd-tls-"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const ca = ["-x509", "-days", "2", "-subj", "/O=ca", "-keyout", "ca.key", "-out", "ca.pem"];
  openssl("req", ...ca, ...key);
  certificate("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
  certificate("client", "extendedKeyUsage=clientAuth\n");
  writeFileSync(join(folder, "user"), `${USER}\n`, { mode: 0o600 });
  writeFileSync(join(folder, "wrong"), "node:another\n", { mode: 0o600 });
  writeFileSync(join(folder, "secret"), "5a".repeat(32), { mode: 0o600 });
  const [cert, clientCa] = [join(folder, "server.pem"), join(folder, "ca.pem")];
  etcd = await TestEtcd.start({ cert, key: join(folder, "server.key"), clientCa });
  await allow();
}, SETUP_MS);
afterAll(async () => {
  if (skip) return;
  await etcd.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The user may read and write where the names of its cluster stand, and nowhere else. */
async function allow(): Promise<void> {
  const [name, password] = ["node", "a pass:word"];
  const permission = {
    permType: "READWRITE",
    key: btoa("/spillway/live/"),
    range_end: btoa("/spillway/live0"),
  };
  for (const [path, body] of [
    ["user/add", { name: "root", password: "root" }],
    ["role/add", { name: "root" }],
    ["user/grant", { user: "root", role: "root" }],
    ["user/add", { name, password }],
    ["role/add", { name: "names" }],
    ["role/grant", { name: "names", perm: permission }],
    ["user/grant", { user: name, role: "names" }],
    ["enable", {}],
  ] as const) {
    const tls = {
      ca: readFileSync(join(folder, "ca.pem"), "utf8"),
      cert: readFileSync(join(folder, "client.pem"), "utf8"),
      key: readFileSync(join(folder, "client.key"), "utf8"),
    };
    const init = { method: "POST", body: JSON.stringify(body), tls };
    const response = await fetch(`${etcd.url}/v3/auth/${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  }
}

function configOf(...args: readonly string[]): Config {
  const result = loadConfig({
    args: ["--cluster-secret-file", join(folder, "secret"), "--names", etcd.names, ...args],
    env: {},
    readFile: (path) => readFileSync(path, "utf8"),
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

function files(user: string): string[] {
  const file = (option: string, name: string) => [`--etcd-${option}`, join(folder, name)];
  const own = [...file("cert", "client.pem"), ...file("key", "client.key")];
  return [...file("ca", "ca.pem"), ...own, ...file("user-file", user), "--cluster-name", "live"];
}

async function doctor(...args: readonly string[]): Promise<string> {
  const findings = await checkNames(configOf(...args).cluster!, fetch, monotonicUs);
  return findings.map(({ level, detail }) => `${level}: ${detail}`).join();
}

test.skipIf(skip)(
  "the doctor says what is missing until nothing is, and never the password",
  async () => {
    const all = files("user");
    const without = (option: string, list = all): string[] => {
      const at = list.indexOf(option);
      return [...list.slice(0, at), ...list.slice(at + 2)];
    };
    expect(await doctor(...all)).toStartWith("ok: answers in ");
    expect(await doctor(...without("--etcd-ca"))).toContain("fail: cannot be reached");
    const nobody = without("--etcd-key", without("--etcd-cert"));
    expect(await doctor(...nobody)).toContain("fail: cannot be reached");
    // By its certificate alone etcd takes it for nobody.
    expect(await doctor(...without("--etcd-user-file"))).toStartWith("fail: etcdserver: ");
    expect(await doctor(...without("--cluster-name"))).toContain("permission denied");
    const wrong = await doctor(...files("wrong"));
    expect(wrong).toContain("authentication failed");
    expect(wrong).not.toContain("another");
  },
  60_000,
);

test.skipIf(skip)(
  "a node has its names there, is asked by others, and tells no secret",
  async () => {
    let log = "";
    const lines = { level: "debug", format: "json", wall: () => 0 } as const;
    const logger = createLogger({ ...lines, sink: (line) => (log += line) });
    const { cluster } = configOf(...files("user"));
    const nodeOf = (digits: string): { names: EtcdNames; has: Set<string> } => {
      const has = new Set<string>();
      const names = new EtcdNames({
        ...{ urls: cluster!.names!, access: cluster!.etcd!, fetch, cluster: cluster!.name },
        ...{ node: digits.repeat(16), boot: 1, log: logger },
        clock: { now: monotonicUs, wall: () => 0 },
        isWanted: (name) => has.has(name),
        isHeard: (name) => has.has(name),
        lost: () => {},
      });
      return { names, has };
    };
    const [a, b] = [nodeOf("aa"), nodeOf("bb")];
    const claim = ({ names, has }: typeof a, name: string) =>
      names.claim(name, false, (verdict) => {
        if (verdict === "won") has.add(name);
        return verdict;
      });
    expect(await claim(a, "cam")).toBe("won");
    // Its watch may stand a moment later than its lease.
    await until("it answers", 10_000, async () => (await claim(b, "cam")) === "taken");
    expect(a.names.epochOf("cam")).toBeGreaterThan(0);
    expect(a.names.state).toMatchObject({ owned: 1, trouble: null });
    await etcd.kill();
    await until("etcd is missed", 10_000, () => a.names.state.trouble !== null);
    await etcd.start();
    await until("etcd is there", 15_000, () => a.names.state.trouble === null);
    expect(await claim(a, "new")).toBe("won");
    await Promise.all([a.names.stop(), b.names.stop()]);
    expect(log + JSON.stringify([a.names.state, b.names.state])).not.toContain("pass:word");
  },
  90_000,
);
