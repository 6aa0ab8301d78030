/** What a wrong configuration does to a service: told once, with its line, and never again and again. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemdUnit } from "../../src/cli/unit.ts";
import { binary, runBinary } from "../support/binary.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { SETUP_MS } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-mistakes-"));
let path = "";
let server: ServerProcess | null = null;
beforeAll(async () => {
  path = await binary();
}, SETUP_MS);
afterEach(async () => {
  await server?.kill();
  server = null;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const place = join(folder, name);
  writeFileSync(place, text, { mode: 0o600 });
  return place;
}

const jwks = (text: string) =>
  `[[auth.keys]]\nalg = "ES256"\njwks = "${file("keys.json", text)}"\n`;
const SECRET = "A".repeat(43);
const clusterSecret = (text: string) => `cluster-secret-file = "${file("cluster.secret", text)}"\n`;

const MISTAKES: readonly (readonly [name: string, config: () => string, words: RegExp])[] = [
  ["TOML", () => "a = 1\n\nb = \n", /wrong\.toml: line 3: Missing value/],
  [
    "an unknown key",
    () => "\n[limits]\nsesions = 1\n",
    /wrong\.toml: line 3: limits\.sesions: unknown/,
  ],
  [
    "a type",
    () => "takeover = 5\n",
    /line 1: takeover: must be true or false or text, not a number/,
  ],
  [
    "no JWKS",
    () => '[[auth.keys]]\nalg = "ES256"\njwks = "/none.json"\n',
    /auth\.keys\[0\]: ENOENT/,
  ],
  ["no JSON", () => jwks("{"), /auth\.keys\[0\]: .*keys\.json is not JSON/],
  [
    "no key set",
    () => jwks('{"keys":5}'),
    /keys\.json is no key set: keys must be a list, not a number/,
  ],
  ["an empty key set", () => jwks('{"keys":[]}'), /keys\.json holds no ES256 key/],
  [
    "a public key",
    () => '[[auth.keys]]\nalg = "EdDSA"\npublic = "BEGIN PUBLIC KEY"\n',
    /auth\.keys\[0\]/,
  ],
  [
    "a short cluster secret",
    () => clusterSecret("5a".repeat(31)),
    /cluster-secret-file: .* 31 bytes/,
  ],
  [
    "a seed without a secret",
    () => 'join = "a.example"\n',
    /cluster-secret-file: is missing, join/,
  ],
  [
    "a bad seed",
    () => `${clusterSecret(SECRET)}join = "1.2.3"\n`,
    /line 2: join: "1.2.3" is not HOST or HOST:PORT/,
  ],
  ["no certificate", () => 'tls-cert = "/none"\ntls-key = "/none"\n', /tls-cert: ENOENT/],
  [
    "two key ids",
    () => `[[auth.keys]]\nid="a"\nalg="HS256"\nsecret="${SECRET}"\n`.repeat(2),
    /line 6: auth/,
  ],
];

for (const [name, config, words] of MISTAKES) {
  test(`O5: ${name}: serve and check end with 2 and one line`, () => {
    const wrong = file("wrong.toml", config());
    const place = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
    for (const command of ["serve", "check"]) {
      const { code, out, err } = runBinary(path, [command, "--config", wrong, ...place]);
      expect({ command, code, out, lines: err.trim().split("\n").length }).toEqual({
        ...{ command, code: 2, out: "", lines: 1 },
      });
      expect(err).toMatch(words);
    }
  }, 120_000);
}

test("O5: check says that a configuration is good", () => {
  const good = file("good.toml", `[[auth.keys]]\nalg = "HS256"\nsecret = "${SECRET}"\n`);
  expect(runBinary(path, ["check", "--config", good])).toEqual({
    ...{ code: 0, out: "The configuration is good.\n", err: "" },
  });
});

test("O5: the unit does not start again what ended with 2, and checks before it reloads", () => {
  const unit = systemdUnit("/usr/bin/spillway", false);
  expect(unit).toContain("\nRestartPreventExitStatus=2 216\n");
  expect(unit).toContain("\nWatchdogSignal=SIGKILL\n");
  const reload = [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, command]) => command);
  expect(reload).toEqual([
    "/usr/bin/spillway reload --config /etc/spillway/spillway.toml --pid $MAINPID",
  ]);
});

test("O5: whoever reloads learns what came of it, and what takes a restart", async () => {
  const token = '[[auth.tokens]]\ntoken = "the-first-token-1"\nrights = ["view"]\n';
  const config = file("told.toml", token);
  const state = join(folder, "told-state");
  server = await startProcess(["serve", "--config", config, "--state", state]);
  const reload = (text: string) => {
    writeFileSync(config, text);
    const args = ["reload", "--config", config, "--state", state, "--pid", String(server!.pid())];
    return runBinary(path, args);
  };
  const good = "The server has read its configuration again.\n";
  expect(reload(token.replace("first", "other"))).toEqual({ code: 0, out: good, err: "" });
  const later = reload(`takeover = true\n${token}`);
  expect(later).toMatchObject({ code: 0, out: expect.stringMatching(/next start on: .*takeover/) });
  // No server would start with it: it is not even asked.
  expect(reload("takeover = 5\n")).toMatchObject({ code: 2, out: "" });
  // One would, but this one does not open itself.
  expect(reload("")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/goes on as it was: auth: no token/),
  });
  expect(reload(token)).toMatchObject({ code: 0, out: good });
  expect(existsSync(join(state, "reload"))).toBe(false);
  const gone = runBinary(path, ["reload", "--config", config, "--pid", "4194304"]);
  expect(gone).toMatchObject({ code: 2, err: expect.stringContaining("--pid 4194304: ") });
}, 160_000);

test("O5: a reload that fails is logged with key and line, and changes nothing", async () => {
  const config = file(
    "reload.toml",
    '[[auth.tokens]]\ntoken = "the-first-token-1"\nrights = ["view"]\n',
  );
  server = await startProcess(["serve", "--config", config]);
  const { base } = server;
  const status = async () => {
    const headers = { Authorization: "Bearer the-first-token-1" };
    return (await fetch(`${base}/whep/x`, { method: "POST", headers, body: "x" })).status;
  };
  const before = await status();
  writeFileSync(config, '[[auth.tokens]]\ntoken = "the-other-token-1"\nrights = ["watch"]\n');
  server.signal("SIGHUP");
  const said = /"level":"error","message":"Reload failed[^}]*line 3: auth\.tokens\[0\]\.rights/;
  await told(server, said);
  expect(await status()).toBe(before);
  writeFileSync(config, '[[auth.tokens]]\ntoken = "the-other-token-1"\nrights = ["view"]\n');
  server.signal("SIGHUP");
  await until("the new token counts", 10_000, async () => (await status()) === 401, server.logs);
}, 160_000);

test("O5: SIGHUP reads a cluster's secrets again, and tells what is wrong with them", async () => {
  const secret = file("node.secret", `${SECRET}\n`);
  server = await startProcess(["serve", "--cluster-secret-file", secret, "--link", "127.0.0.1:0"]);
  const reload = async (text: string, mode: number, said: RegExp) => {
    const before = server!.logs().length;
    writeFileSync(secret, text);
    chmodSync(secret, mode);
    server!.signal("SIGHUP");
    await told(server!, said, { since: before });
  };
  const two = `${"5a".repeat(32)}\n${SECRET}\n`;
  await reload(two, 0o600, /"Read keys, secrets and certificates again"/);
  await reload("short\n", 0o600, /Reload failed[^}]*cluster-secret-file: [^}]*line 1 has 3 bytes/);
  await reload(two, 0o644, /Reload failed[^}]*cluster-secret-file: others may use/);
  await reload(two, 0o600, /"Read keys, secrets and certificates again"/);
  expect(server.logs()).not.toContain(SECRET);
  expect(await server.ready()).toBe(true);
}, 160_000);

test("O5: a secret that is written to a file is not for everybody", () => {
  const config = join(folder, "keygen.toml");
  for (const [mode, kept] of [
    [0o644, 0o640],
    [0o666, 0o660],
    [0o600, 0o600],
  ] as const) {
    writeFileSync(config, "# mine\n");
    chmodSync(config, mode);
    const out = openSync(config, "a");
    const args = [path, "token", "keygen", "--out", join(folder, `signing-${mode}.key`)];
    const { exitCode, stderr } = Bun.spawnSync(args, { stdout: out, stderr: "pipe" });
    closeSync(out);
    expect(exitCode).toBe(0);
    expect((statSync(config).mode & 0o777).toString(8)).toBe(kept.toString(8));
    expect(stderr.toString().includes("Others could use the file")).toBe(mode !== kept);
  }
  const tokens = join(folder, "tokens");
  writeFileSync(tokens, "", { mode: 0o644 });
  const out = openSync(tokens, "a");
  const key = join(folder, `signing-${0o644}.key`);
  expect(
    Bun.spawnSync([path, "token", "--key", key], { stdout: out, stderr: "pipe" }).exitCode,
  ).toBe(0);
  closeSync(out);
  expect(statSync(tokens).mode & 0o007).toBe(0);
}, 160_000);

test("O3: install says where the service listens, and how to open it", () => {
  const printed = runBinary(path, ["install"]).out;
  expect(printed).toContain("The service listens on 127.0.0.1:8080");
  expect(printed).toContain("That is this machine alone.");
  const root = join(folder, "root");
  const written = runBinary(path, ["install", "--write", "--root", root]).out;
  expect(written).toContain('http = "0.0.0.0:8080"');
  expect(written).toContain("trusted-proxy");
  const config = join(root, "etc/spillway/spillway.toml");
  writeFileSync(config, 'http = "0.0.0.0:8081"\n');
  const open = runBinary(path, ["install", "--write", "--root", root]).out;
  expect(open).toContain("The service listens on 0.0.0.0:8081");
  expect(open).not.toContain("this machine alone");
  expect(open).not.toContain("other nodes");
  const secret = file("cluster.secret", `${SECRET}\n`);
  writeFileSync(config, `http = "0.0.0.0:1"\ncluster-secret-file = "${secret}"\n`);
  const node = runBinary(path, ["install", "--write", "--root", root]).out;
  expect(node).toContain("and for other nodes on UDP port 8300.");
  writeFileSync(config, 'trusted-proxy = ["127.0.0.1"]\n');
  expect(runBinary(path, ["install", "--write", "--root", root]).out).not.toContain(
    "this machine alone",
  );
});

test("C6: doctor warns of a media address that Firefox and GStreamer do not connect to", () => {
  const level = (media: string) => {
    const { out } = runBinary(path, ["doctor", "--running", "--json", "--media", media]);
    const { findings } = JSON.parse(out) as { findings: { name: string; level: string }[] };
    return findings.find(({ name }) => name === "media reach")!.level;
  };
  for (const media of ["127.0.0.1:8200", "127.1.2.3:8200", "[::1]:8200"]) {
    expect(level(media), media).toBe("warn");
  }
  for (const media of ["0.0.0.0:8200", "[::]:8200", "192.0.2.1:8200"]) {
    expect(level(media), media).toBe("ok");
  }
}, 160_000);

test("O3: doctor and the log say that nobody else reaches it", async () => {
  const reach = (args: readonly string[]) => {
    const { out } = runBinary(path, ["doctor", "--running", "--json", ...args]);
    const { findings } = JSON.parse(out) as {
      findings: { name: string; level: string; mend: string }[];
    };
    return findings.find(({ name }) => name === "reach")!;
  };
  expect(reach([])).toMatchObject({ level: "warn", mend: expect.stringContaining("0.0.0.0:8080") });
  expect(reach(["--http", "[::1]:8080"]).level).toBe("warn");
  // Nobody listens there.
  expect(reach(["--http", "0.0.0.0:1"]).level).toBe("ok");
  expect(reach(["--public-url", "https://live.example.com"]).level).toBe("ok");
  server = await startProcess(["serve"]);
  await told(server, "Only programs on this machine reach it");
  // The configuration was opened, and the server was not started again.
  expect(reach(["--http", `0.0.0.0:${new URL(server.base).port}`])).toMatchObject({
    level: "warn",
    mend: "systemctl restart spillway",
  });
}, 160_000);
