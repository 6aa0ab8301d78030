/** `spillway publish` through servers that restart, are full, or are no servers of ours. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { binary, runBinary } from "../support/binary.ts";
import { Clips, H264, lacksFfmpeg, OPUS } from "../support/clips.ts";
import { freeTcpPort, type ServerProcess, startProcess } from "../support/process.ts";
import { SETUP_MS } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const RESTART_MS = 300;

let path = "";
beforeAll(async () => {
  path = await binary();
}, SETUP_MS);

/** A publisher whose words can be read while it runs. */
function publish(...args: string[]) {
  const child = Bun.spawn([path, "publish", ...args], {
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const ended = async () => {
    const code = await child.exited;
    await reading;
    return { code, said };
  };
  return { logs: () => said, kill: (signal: NodeJS.Signals) => child.kill(signal), ended };
}

/** Waits until media flows: a session that is still connecting has nothing to lose. */
async function live(server: ServerProcess, name: string): Promise<void> {
  const isLive = async () => {
    const response = await fetch(`${server.base}/api/v1/streams/${name}`);
    return response.ok && ((await response.json()) as { live: boolean }).live;
  };
  await until(`${name} is live`, 15_000, () => isLive().catch(() => false), server.logs);
}

/** Ends the server in good order; it is started again. */
async function restart(server: ServerProcess): Promise<void> {
  const before = server.pid();
  server.signal("SIGTERM");
  await until(
    "another server",
    15_000,
    () => server.pid() !== before && server.ready(),
    server.logs,
  );
}

test("F6: --loop goes on when the server restarts, and Ctrl-C ends the session by DELETE", async () => {
  const server = await startProcess(["serve", "--drain-seconds", "0"], RESTART_MS);
  const publisher = publish("demo:", `${server.base}/whip/loop`, "--loop");
  try {
    await live(server, "loop");
    for (let times = 1; times <= 2; times += 1) {
      await restart(server);
      await live(server, "loop");
    }
    publisher.kill("SIGINT");
    const { code, said } = await publisher.ended();
    expect(code).toBe(0);
    const lines = said.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("publish: connected to "))).toHaveLength(3);
    expect(lines.some((line) => / tries again in \d+\.\d s$/.test(line))).toBe(true);
    const left = await fetch(`${server.base}/api/v1/streams/loop`);
    expect(left.status).toBe(404);
  } finally {
    publisher.kill("SIGKILL");
    await server.kill();
  }
}, 160_000);

describe.skipIf(lacksFfmpeg("files that are published"))("files that are published", () => {
  const clips = new Clips();
  afterAll(() => clips.remove());

  test("F6: an interrupted one goes on where it stood, and ends as if nothing had happened", async () => {
    const seconds = 3;
    const file = await clips.make("film.mp4", [...H264, ...OPUS], seconds);
    const server = await startProcess(["serve", "--drain-seconds", "0"], RESTART_MS);
    const publisher = publish(file, `${server.base}/whip/once`);
    try {
      await live(server, "once");
      const connectedAt = performance.now();
      await Bun.sleep(1_000);
      await restart(server);
      const { code, said } = await publisher.ended();
      expect(code).toBe(0);
      // All of it was sent, and the pause came on top: time did not go on without a server.
      expect(performance.now() - connectedAt).toBeGreaterThan(seconds * 1000 + RESTART_MS - 300);
      expect(said.match(/connected to/g)).toHaveLength(2);
    } finally {
      publisher.kill("SIGKILL");
      await server.kill();
    }
  }, 160_000);

  test("F5: a frame that cannot be sent is told when it happens, and the exit code says so", async () => {
    const file = await clips.make("broken.mp4", [...H264, ...OPUS], 2);
    // The length of the first unit of a frame in the second group.
    const probe = [
      "-v",
      "error",
      "-select_streams",
      "v",
      "-show_entries",
      "packet=pos",
      "-of",
      "csv=p=0",
    ];
    const places = Bun.spawnSync(["ffprobe", ...probe, file])
      .stdout.toString()
      .trim()
      .split("\n");
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(0x7fffffff, Number.parseInt(places[25]!, 10));
    writeFileSync(file, bytes);
    const server = await startProcess(["serve", "--drain-seconds", "0"]);
    const publisher = publish(file, `${server.base}/whip/broken`);
    try {
      const words =
        "publish: at 0:00 a frame is left out, video: its units do not fit their lengths";
      await told(publisher, words, { withinMs: 10_000 });
      // While it goes on, not at its end.
      expect(publisher.logs()).not.toContain("spillway:");
      const { code, said } = await publisher.ended();
      expect(code).toBe(1);
      expect(said).toMatch(
        /spillway: \S+: frames were left out: 1 x video: its units .*; 4 x video: it builds on .*ffmpeg/,
      );
    } finally {
      publisher.kill("SIGKILL");
      await server.kill();
    }
  }, 120_000);

  test("F6: an address as FILE gets a line that fetches it", async () => {
    const film = Bun.file(
      await clips.make("far.mp4", [...H264, ...OPUS, "-movflags", "+faststart"]),
    );
    const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(film) });
    try {
      const { code, err } = runBinary(path, [
        "publish",
        `${web.url}far.mp4`,
        "http://127.0.0.1:1/whip/x",
      ]);
      expect(code).toBe(1);
      expect(err).toMatch(
        /^spillway: http\S+: FILE is a file of this machine\. Fetch it first: ffmpeg -i \S+ -c copy film\.mkv\n$/,
      );
    } finally {
      web.stop(true);
    }
  });
});

test("F6: 503 is waited out as its Retry-After says, and a refusal after it is final", async () => {
  const posts: number[] = [];
  const web = Bun.serve({
    port: await freeTcpPort(),
    hostname: "127.0.0.1",
    fetch: () => {
      posts.push(performance.now());
      if (posts.length > 2) return new Response("no", { status: 403 });
      return new Response("full", { status: 503, headers: { "Retry-After": "1" } });
    },
  });
  const publisher = publish("demo:", `${web.url}whip/x`);
  try {
    const { code, said } = await publisher.ended();
    expect(code).toBe(1);
    expect(posts).toHaveLength(3);
    for (const n of [1, 2]) expect(posts[n]! - posts[n - 1]!).toBeGreaterThan(990);
    expect(said).toMatch(/answered 503: full; tries again in 1\.0 s\n/);
    expect(said).toMatch(/spillway: .*answered 403: no\n$/);
  } finally {
    publisher.kill("SIGKILL");
    web.stop(true);
  }
}, 80_000);

test("Ctrl-C ends the waiting for a full server", async () => {
  const full = { status: 503, headers: { "Retry-After": "60" } };
  const web = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("full", full),
  });
  const publisher = publish("demo:", `${web.url}whip/x`, "--loop");
  try {
    await told(publisher, "tries again in 60.0 s", { withinMs: 10_000 });
    publisher.kill("SIGINT");
    expect((await publisher.ended()).code).toBe(0);
  } finally {
    publisher.kill("SIGKILL");
    web.stop(true);
  }
}, 80_000);
