/**
 * The forwarder process of the link emulator: packets of one TUN device go through the link model
 * of the simulations and leave by the other. `bun test/net/forwarder.ts PLAN`; commands on stdin.
 * When stdin ends, because the test ended or died, it takes the namespaces along.
 */
import { writeSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { monotonicUs } from "../../src/io/clock.ts";
import { libc } from "../../src/io/libc.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { Timeline } from "../sim/timeline.ts";
import { seeded } from "../support/random.ts";
import type { ForwarderCommand, ForwarderPlan } from "./emulator-messages.ts";
import { LiveLink } from "./live-link.ts";
import { removeNamespace } from "./namespaces.ts";
import { percentiles, Samples } from "./samples.ts";
import { openTun, readPacket, Waiter, writePacket } from "./tun.ts";

/** The queue is looked at so often; also the longest sleep. */
const SAMPLE_US = 5000;
const STDIN = 0;
const STDOUT = 1;

const plan = JSON.parse(process.argv[2]!) as ForwarderPlan;
const started = monotonicUs();
const late = new Samples();
const input = pinnedRegion(16_384);
let text = "";
let since = 0;

// An interrupt of the terminal reaches all of a test's processes; this one has to clean up.
process.on("SIGINT", () => undefined);
try {
  run();
} finally {
  removeNamespace(plan.near);
  removeNamespace(plan.far);
}
process.exit(0);

function run(): void {
  // A packet that waits for the processor is delay that the model does not know.
  setPriority(constants.priority.PRIORITY_HIGHEST);
  const fds = [openTun(plan.near, plan.device), openTun(plan.far, plan.device)] as const;
  // A generator each: the fate of packets one way must not depend on what goes the other way.
  const links = {
    down: new LiveLink(seeded(plan.seed), plan.down),
    up: new LiveLink(seeded(plan.seed + 1), plan.up),
  };
  const waiter = new Waiter([...fds, STDIN]);
  const timeline = new Timeline<{ readonly fd: number; readonly bytes: Uint8Array }>();
  let sampleAt = 0;
  say({ type: "ready" });
  for (let now = 0; now < plan.seconds * 1e6; now = clock()) {
    if (now >= sampleAt) {
      links.down.sample(now);
      links.up.sample(now);
      sampleAt = now + SAMPLE_US;
    }
    waiter.wait(Math.min(sampleAt, timeline.next) - now);
    for (const [place, link] of [links.down, links.up].entries()) {
      const from = fds[place]!;
      const to = fds[1 - place]!;
      for (let bytes = readPacket(from); bytes !== null; bytes = readPacket(from)) {
        const packet = { fd: to, bytes };
        for (const at of link.pass(clock(), bytes.length)) timeline.add(at, packet);
      }
    }
    timeline.run(clock(), (at, { fd, bytes }) => {
      writePacket(fd, bytes);
      late.add(clock() - at);
    });
    if (waiter.ready(2) && !readCommands(links)) return;
  }
}

/** us since the start. */
function clock(): number {
  return monotonicUs() - started;
}

/** False at the end of stdin. */
function readCommands(links: { readonly down: LiveLink; readonly up: LiveLink }): boolean {
  const count = libc.read(STDIN, input.address as Parameters<typeof libc.read>[1], 16_384);
  if (count <= 0) return false;
  text += new TextDecoder().decode(input.bytes.subarray(0, count));
  const lines = text.split("\n");
  text = lines.pop()!;
  for (const line of lines) obey(JSON.parse(line) as ForwarderCommand, links);
  return true;
}

function obey(
  command: ForwarderCommand,
  links: { readonly down: LiveLink; readonly up: LiveLink },
): void {
  const now = clock();
  if (command.type === "rate") links[command.direction].setRate(now, command.steps);
  else if (command.type === "cut") links[command.direction].blocked = command.on;
  else {
    const { p50, p99, max } = percentiles(late.take());
    say({
      type: "figures",
      figures: {
        down: links.down.figures(),
        up: links.up.figures(),
        seconds: (now - since) / 1e6,
        lateMs: { p50, p99, max },
      },
    });
    since = now;
  }
}

function say(message: object): void {
  writeSync(STDOUT, `${JSON.stringify(message)}\n`);
}
