/** token, install and doctor, on the executable. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import { loadConfig } from "../../src/config.ts";
import { closeUdpSocket, localPort, openUdpSocket } from "../../src/io/udp-socket.ts";
import { SOCKET_BUFFER_BYTES } from "../../src/limits.ts";
import { binary, runBinary } from "../support/binary.ts";
import { SETUP_MS, startServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-tools-"));
let path = "";

beforeAll(async () => {
  path = await binary();
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function succeed(args: readonly string[]): string {
  const { code, out, err } = runBinary(path, args);
  expect(code, err).toBe(0);
  return out;
}

function configOf(text: string) {
  const result = loadConfig({
    args: ["--config", "x.toml"],
    env: {},
    readFile: () => text,
    cores: 2,
    memoryBytes: 8 * 2 ** 30,
  });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

test("keygen's lines are configuration, and the server takes the tokens that the key signs", async () => {
  const key = join(folder, "hs.key");
  const lines = succeed(["token", "keygen", "--out", key, "--id", "2026"]);
  expect(statSync(key).mode & 0o777).toBe(0o600);
  const args = ["token", "--key", key, "--key-id", "2026", "--stream", "news/*"];
  const token = succeed([...args, "--rights", "view,publish", "--expires", "30m"]).trim();
  expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", kid: "2026" });
  const server = await startServer("serve", { config: lines });
  try {
    const ask = async (url: string, bearer: string) => {
      const headers = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/sdp" };
      return (await fetch(`${server.base}${url}`, { method: "POST", headers, body: "x" })).status;
    };
    // 400: the token is good, the offer is not.
    expect(await ask("/whip/news/1", token)).toBe(400);
    expect(await ask("/whep/news/1", token)).toBe(400);
    expect(await ask("/whip/news/1/2", token)).toBe(403);
    expect(await ask("/whip/news/1", `${token.slice(0, -4)}AAAA`)).toBe(401);
    const viewer = succeed(["token", "--key", key, "--stream", "news/*"]).trim();
    expect(await ask("/whip/news/1", viewer)).toBe(403);
  } finally {
    await server.stop();
  }
}, 120_000);

test("an EdDSA key's public half verifies what the private half signs", async () => {
  const key = join(folder, "ed.key");
  const config = configOf(succeed(["token", "keygen", "--alg", "EdDSA", "--out", key]));
  const limits = ["--max-bitrate", "3M", "--max-width", "1280", "--max-height", "720"];
  const token = succeed(["token", "--key", key, ...limits, "--expires", "2h"]).trim();
  const pem = await importSPKI(config.auth.keys[0]!.public!, "EdDSA");
  const { payload } = await jwtVerify(token, pem, { audience: "spillway" });
  expect(payload).toMatchObject({ rights: ["view"], streams: ["**"] });
  expect(payload).toMatchObject({ maxBitrate: 3_000_000, maxWidth: 1280, maxHeight: 720 });
  expect(payload.exp! - payload.iat!).toBe(7200);
});

test("--config signs with the file's key and for its audience", async () => {
  const secret = Buffer.alloc(32, 7).toString("base64url");
  const file = join(folder, "spillway.toml");
  writeFileSync(
    file,
    `[auth]\naudience = "live"\n[[auth.keys]]\nid = "k"\nalg = "HS256"\nsecret = "${secret}"\n`,
  );
  const token = succeed(["token", "--config", file]).trim();
  const { payload } = await jwtVerify(token, Buffer.alloc(32, 7), { audience: "live" });
  expect(payload.rights).toEqual(["view"]);
});

test("S7: token makes only what a server takes: lifetimes and patterns", () => {
  const key = join(folder, "rules.key");
  succeed(["token", "keygen", "--out", key]);
  const refused = (...args: string[]) => {
    const { code, err } = runBinary(path, ["token", ...args]);
    expect(code).toBe(2);
    return err;
  };
  succeed(["token", "--key", key, "--expires", "400d", "--stream", "a/*/c", "--stream", "**"]);
  expect(refused("--key", key, "--expires", "401d")).toContain("max-token-lifetime");
  expect(refused("--key", key, "--expires", "999999999d")).toContain("max-token-lifetime");
  for (const pattern of ["", "/a", "a/", "a//b", "a b", "../a"]) {
    expect(refused("--key", key, `--stream=${pattern}`)).toContain("--stream:");
  }
  const config = (lifetime: string) => {
    const file = join(folder, `lifetime-${lifetime}.toml`);
    const secret = readFileSync(key, "utf8").trim();
    const keys = `[[auth.keys]]\nalg = "HS256"\nsecret = "${secret}"\n`;
    writeFileSync(file, `max-token-lifetime = "${lifetime}"\n${keys}`);
    return file;
  };
  expect(refused("--config", config("1d"), "--expires", "2d")).toContain("max-token-lifetime");
  succeed(["token", "--config", config("800d"), "--expires", "700d"]);
}, 240_000);

test("install prints what it writes, keeps what exists, and its configuration is valid", () => {
  const root = join(folder, "root");
  const printed = succeed(["install", "--binary", "/opt/spillway"]);
  succeed(["install", "--binary", "/opt/spillway", "--write", "--root", root]);
  const unit = readFileSync(join(root, "etc/systemd/system/spillway.service"), "utf8");
  const config = readFileSync(join(root, "etc/spillway/spillway.toml"), "utf8");
  const sysctl = readFileSync(join(root, "etc/sysctl.d/60-spillway.conf"), "utf8");
  for (const text of [unit, config, sysctl]) expect(printed).toContain(text);
  expect(unit).toContain("\nExecStart=/opt/spillway serve --config /etc/spillway/spillway.toml\n");
  for (const line of ["Type=notify", "Restart=always", "LimitNOFILE=1048576", "DynamicUser=yes"]) {
    expect(unit).toContain(`\n${line}\n`);
  }
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
  expect(unit).toContain("\nCapabilityBoundingSet=\n");
  expect(sysctl).toContain(`net.core.rmem_max = ${SOCKET_BUFFER_BYTES}\n`);
  expect(statSync(join(root, "etc/spillway/spillway.toml")).mode & 0o777).toBe(0o640);
  expect(configOf(config)).toEqual(configOf(""));
  writeFileSync(join(root, "etc/spillway/spillway.toml"), "mine");
  expect(succeed(["install", "--write", "--root", root])).toContain("exists, left as it is");
  expect(readFileSync(join(root, "etc/spillway/spillway.toml"), "utf8")).toBe("mine");
  expect(succeed(["install", "--privileged-ports"])).toContain("=CAP_NET_BIND_SERVICE\n");
});

test("install --public-url shows tokens on a terminal, once, and ends with what to run", () => {
  const args = ["install", "--public-url", "https://live.example.com", "--behind-proxy", "--root"];
  const onTerminal = (root: string) => {
    const line = [path, ...args, root].join(" ");
    const { stdout } = Bun.spawnSync(["script", "-qec", line, "/dev/null"], { stdin: "ignore" });
    return stdout.toString().replaceAll("\r", "");
  };
  const tokensOf = (root: string) =>
    ["publish", "view", "admin"].map((right) =>
      readFileSync(join(root, `etc/spillway/${right}.token`), "utf8").trim(),
    );
  const [terminal, other] = [join(folder, "terminal"), join(folder, "other")];
  const [first, again, silent] = [
    onTerminal(terminal),
    onTerminal(terminal),
    succeed([...args, other]),
  ];
  for (const token of tokensOf(terminal)) {
    expect(first).toContain(token);
    expect(again).not.toContain(token);
  }
  for (const token of tokensOf(other)) expect(silent).not.toContain(token);
  for (const said of [first, silent]) {
    expect(said).toContain("The service listens on 127.0.0.1:8080 (TCP)");
    // On lines of their own: Caddy reads no block that stands on one.
    expect(said).toContain(
      "\n  https://live.example.com {\n    reverse_proxy 127.0.0.1:8080\n  }\n",
    );
    expect(said).toContain("tcp . 443, udp . 8200-");
    expect(said.trimEnd().split("\n").slice(-4)).toEqual([
      "Now run:",
      "  systemd-sysusers && chgrp -R spillway-config /etc/spillway && sysctl --system",
      "  systemctl daemon-reload && systemctl enable spillway && systemctl restart spillway",
      "  spillway doctor --running --config /etc/spillway/spillway.toml",
    ]);
  }
  const unit = () => readFileSync(join(other, "etc/systemd/system/spillway.service"), "utf8");
  expect(unit()).toContain("\nCapabilityBoundingSet=\n");
  // A port below 1024, of a service that was installed without.
  rmSync(join(other, "etc/spillway/spillway.toml"));
  succeed(["install", "--public-url", "http://192.0.2.7", "--root", other]);
  expect(unit()).toContain("\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n");
});

test("doctor names every check, the firewall rule of the configuration, and taken ports", () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  try {
    const at = ["--http", `127.0.0.1:${listener.port}`, "--media", "127.0.0.1:0", "--json"];
    const taken = runBinary(path, ["doctor", ...at]);
    const tcp = ["--http", "127.0.0.1:0", "--ice-tcp", `127.0.0.1:${listener.port}`];
    const alike = runBinary(path, ["doctor", ...tcp, "--media", "127.0.0.1:0"]);
    expect(alike.out).toMatch(new RegExp(`^FAIL  tcp 127.0.0.1:${listener.port}: `, "m"));
    expect(alike.out).toContain("Choose another --ice-tcp, or ");
    expect(taken.code).toBe(1);
    const { ok, findings } = JSON.parse(taken.out);
    expect(ok).toBe(false);
    const failed = findings.filter((finding: { level: string }) => finding.level === "fail");
    expect(failed).toMatchObject([{ name: `tcp 127.0.0.1:${listener.port}` }]);
    expect(failed[0].mend).toContain("ss -ltnp");
    for (const finding of findings) expect(finding.mend === null).toBe(finding.level === "ok");
    const running = runBinary(path, ["doctor", "--running", ...at]);
    expect(running.code).toBe(0);
    expect(JSON.parse(running.out).findings.length).toBe(findings.length - 2);
  } finally {
    listener.stop(true);
  }
  const workers = ["--ingest-workers", "2", "--egress-workers", "3"];
  const text = succeed(["doctor", "--running", "--media", "0.0.0.0:9000", ...workers]);
  expect(text).toContain("dport { tcp . 8080, udp . 9000-9004 } accept");
  expect(text).toContain("ufw allow 8080/tcp && ufw allow 9000:9004/udp");
  const byTcp = succeed([
    "doctor",
    "--running",
    "--media",
    "0.0.0.0:9000",
    "--ice-tcp",
    "0.0.0.0:443",
  ]);
  expect(byTcp).toContain("dport { tcp . 8080, tcp . 443, udp . 9000-");
  expect(byTcp).toContain("ufw allow 8080/tcp && ufw allow 443/tcp && ");
});

test("doctor of a node looks at its secret and at the port where others reach it", () => {
  const secret = join(folder, "cluster.secret");
  writeFileSync(secret, `${"5a".repeat(32)}\n`, { mode: 0o600 });
  const socket = openUdpSocket("127.0.0.1", 4, 0);
  const port = localPort(socket);
  const node = ["--cluster-secret-file", secret, "--link", `127.0.0.1:${port}`];
  const at = ["doctor", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0", ...node];
  try {
    const { code, out } = runBinary(path, [...at, "--join", "127.0.0.1"]);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`^FAIL  udp 127.0.0.1:${port}: .*already in use`, "m"));
    expect(out).toContain("Choose another --link, or ");
    expect(out).toContain(`\nok    cluster secret: 1 secret in ${secret}, `);
    expect(out).toMatch(/^ok {4}mtu to 127\.0\.0\.1: \d+ bytes by lo; /m);
    expect(out).toContain("\nok    join 127.0.0.1:8300: 127.0.0.1\n");
    expect(out).toMatch(new RegExp(`^ +nft .* udp \\. ${port} } accept$`, "m"));
    expect(out).toMatch(new RegExp(`^ +ufw .* && ufw allow ${port}/udp$`, "m"));
  } finally {
    closeUdpSocket(socket);
  }
  expect(succeed(at)).toContain(`\nok    udp 127.0.0.1:${port}: free\n`);
  for (const [text, mode, words] of [
    ["5a".repeat(31), 0o600, "line 1 has 31 bytes"],
    ["5a".repeat(32), 0o644, "(mode 644): chmod 600"],
  ] as const) {
    writeFileSync(secret, text);
    chmodSync(secret, mode);
    const { code, err } = runBinary(path, at);
    expect([code, err.trim().split("\n").length]).toEqual([2, 1]);
    expect(err).toStartWith("spillway: cluster-secret-file: ");
    expect(err).toContain(words);
  }
});
