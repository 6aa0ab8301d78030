/** Every mistake gets one line that says what to do; run on the executable as a person would. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { closeUdpSocket, localPort, openUdpSocket } from "../../src/io/udp-socket.ts";
import { binary, runBinary } from "../support/binary.ts";
import { SETUP_MS, startServer } from "../support/server.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-messages-"));
let path = "";

beforeAll(async () => {
  path = await binary();
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Expects the exit code and one line on standard error that matches; nothing else is printed. */
function complains(args: readonly string[], code: 1 | 2, line: RegExp): void {
  const result = runBinary(path, args);
  const found = { code: result.code, out: result.out, lines: result.err.trim().split("\n").length };
  expect(found, result.err).toEqual({ code, out: "", lines: 1 });
  expect(result.err).toMatch(/^spillway: /);
  expect(result.err.slice("spillway: ".length).trim()).toMatch(line);
}

function file(name: string, text: string): string {
  const place = join(folder, name);
  writeFileSync(place, text);
  return place;
}

test("each command has help of at most 100 columns, and the overview names it", () => {
  const overview = runBinary(path, ["--help"]);
  expect(overview.code).toBe(0);
  for (const name of Object.keys(COMMANDS)) {
    expect(overview.out).toMatch(new RegExp(`^  ${name} `, "m"));
    for (const args of [
      [name, "--help"],
      ["help", name],
    ]) {
      const { code, out, err } = runBinary(path, args);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toContain(`Usage: spillway ${name === "serve" ? "[serve]" : name}`);
      expect(out.split("\n").filter((line) => line.length > 101)).toEqual([]);
    }
  }
}, 30_000);

test("wrong commands, flags and values", () => {
  complains(["serv"], 2, /^serv: unknown command \(did you mean serve\?\)$/);
  complains(["--htp", "x"], 2, /^--htp: unknown option \(did you mean --http\?\)$/);
  complains(["--http", "8080"], 2, /^--http: "8080" is not HOST:PORT, for example 127/);
  complains(["serve", "--http"], 2, /^--http: needs a value: --http HOST:PORT$/);
  complains(
    ["publish", "a", "b", "--lop"],
    2,
    /^Unknown option '--lop' \(see spillway publish --h/,
  );
  complains(["install", "--wirte"], 2, /--wirte' \(see spillway install --help\)$/);
  complains(["install", "now"], 2, /^install: "now" is one argument too many$/);
  complains(["install", "--public-url", "https://a"], 2, /^install: --public-url: https needs/);
  complains(["token", "x"], 2, /'x' \(see spillway token --help\)$/);
  complains(["doctor", "--htp"], 2, /did you mean --http/);
  complains(["doctor", "--stun"], 2, /--stun/);
  complains(["doctor", "--stun", "a b"], 2, /^--stun: "a b" is not HOST or HOST:PORT/);
  complains(["reload"], 2, /^reload: --pid is missing/);
  complains(["reload", "--pid", "x"], 2, /^reload: --pid is a number/);
}, 30_000);

test("wrong configuration files name the file and the key", () => {
  const broken = file("broken.toml", "http = \n");
  complains(["serve", "--config", broken], 2, /broken\.toml: .*Missing value/);
  const unknown = file("unknown.toml", "[limits]\nsesions = 1\n");
  complains(
    ["serve", "--config", unknown],
    2,
    /limits\.sesions: unknown key \(did you mean limits/,
  );
  const short = file("short.toml", '[auth]\ntokens = [{token="short", rights=["view"]}]\n');
  complains(["serve", "--config", short], 2, /auth\.tokens\[0\]\.token: at least 16 characters$/);
  complains(["serve", "--config", join(folder, "none.toml")], 2, /none\.toml: ENOENT/);
});

test("a TCP port that is taken", () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  try {
    const http = `127.0.0.1:${listener.port}`;
    const line = new RegExp(`^http: TCP ${http}: the port is in use; choose another --http, or`);
    complains(["serve", "--http", http, "--media", "127.0.0.1:0"], 1, line);
  } finally {
    listener.stop(true);
  }
});

test("a UDP port that is taken", () => {
  const socket = openUdpSocket("127.0.0.1", 4, 0);
  try {
    const media = `127.0.0.1:${localPort(socket)}`;
    const line = new RegExp(`^media: UDP ${media}: Address already in use; choose another --media`);
    complains(["serve", "--http", "127.0.0.1:0", "--media", media], 1, line);
  } finally {
    closeUdpSocket(socket);
  }
});

test("addresses of other machines", () => {
  // TEST-NET-1 (RFC 5737): nobody's own.
  const http = ["serve", "--insecure", "--media", "127.0.0.1:0", "--http", "192.0.2.1:8080"];
  complains(http, 1, /^http: TCP 192\.0\.2\.1:8080: this machine has no such address; choose/);
  const media = ["serve", "--http", "127.0.0.1:0", "--media", "192.0.2.1:8200"];
  complains(media, 1, /^media: UDP 192\.0\.2\.1:8200: .*; choose another --media/);
});

test("certificates that are not there or no certificates", () => {
  const place = ["serve", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
  complains(
    [...place, "--tls-cert", "/none", "--tls-key", "/none"],
    2,
    /^tls-cert: ENOENT.*\/none/,
  );
  const text = file("no.pem", "hello\n");
  complains([...place, "--tls-cert", text, "--tls-key", text], 2, /^tls-cert, tls-key: not a cert/);
  complains([...place, "--tls-cert", text], 2, /^tls-key: is missing, tls-cert needs it$/);
});

test("publish: files and addresses", () => {
  const url = "http://127.0.0.1:1/whip/x";
  complains(["publish"], 2, /needs FILE and URL \(see spillway publish --help\)$/);
  complains(["publish", "/none.mp4", url], 1, /^\/none\.mp4: there is no such file$/);
  complains(["publish", folder, url], 1, /: is a folder$/);
  complains(["publish", file("text.mp4", "hello"), url], 1, /not a readable MP4 or WebM file/);
  complains(["publish", "demo:", "127.0.0.1/x"], 2, /is not an http\(s\) URL such as http:/);
  complains(["publish", "demo:", url, "--no-audio", "--no-video"], 2, /leave nothing to send$/);
  complains(["publish", "demo:", url], 1, /Unable to connect.* \(does the server run there\?\)$/);
}, 30_000);

test("publish: a missing and a wrong token", async () => {
  const tokens = '[[auth.tokens]]\ntoken = "the-right-token-1"\nrights = ["publish"]\n';
  const server = await startServer("serve", { config: tokens });
  try {
    const url = `${server.base}/whip/x`;
    complains(["publish", "demo:", url], 1, /answered 401: .*\(--token, or WHIP_TOKEN in the env/);
    const wrong = ["publish", "demo:", url, "--token", "the-wrong-token-1"];
    complains(wrong, 1, /answered 401: The token is unknown, expired or/);
    complains(
      ["publish", "demo:", `${server.base}/x`, "--token", "y"],
      1,
      /ends in \/whip\/NAME\)$/,
    );
  } finally {
    await server.stop();
  }
}, 120_000);

test("token: rights before keys, and where keys come from", () => {
  complains(["token"], 2, /^--key: is missing \(or --config\); make a key: spillway token keygen/);
  complains(["token", "--key", "/none"], 2, /^--key: ENOENT.*; make a key: spillway token keygen/);
  complains(["token", "--rights", "watch"], 2, /^--rights: "watch" is not one of publish, view/);
  complains(["token", "--expires", "1 day"], 2, /^--expires: "1 day" is not a time such as 30m/);
  complains(["token", "--max-width", "0x500"], 2, /^--max-width: "0x500" is not a whole number/);
  complains(["token", "--max-height", "8"], 2, /^--max-height: "8" is not .* from 16 to 16384$/m);
  complains(["token", "keygen"], 2, /^--out: needs a file/);
  const taken = file("taken.key", "x");
  complains(["token", "keygen", "--out", taken], 2, /^--out: EEXIST/);
});
