/**
 * The forwarder process of an emulator: packets of one TUN device go through the link model of the
 * simulations and leave by another. `bun test/net/forwarder.ts PLAN`; commands on stdin.
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
/** Where IPv4 has the destination's last byte, which tells the end. */
const LAST_BYTE_AT = 19;

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
  for (const name of plan.ends) removeNamespace(name);
}
process.exit(0);

function run(): void {
  // A packet that waits for the processor is delay that the model does not know.
  setPriority(constants.priority.PRIORITY_HIGHEST);
  const fds = plan.ends.map((name) => openTun(name, plan.device));
  // A generator each: the fate of packets one way must not depend on what goes another way.
  const links = plan.links.map(
    ({ options }, place) => new LiveLink(seeded(plan.seed + place), options),
  );
  const waiter = new Waiter([...fds, STDIN]);
  const timeline = new Timeline<{ readonly fd: number; readonly bytes: Uint8Array }>();
  let sampleAt = 0;
  say({ type: "ready" });
  for (let now = 0; now < plan.seconds * 1e6; now = clock()) {
    if (now >= sampleAt) {
      for (const link of links) link.sample(now);
      sampleAt = now + SAMPLE_US;
    }
    waiter.wait(Math.min(sampleAt, timeline.next) - now);
    for (const [from, fd] of fds.entries()) {
      for (let bytes = readPacket(fd); bytes !== null; bytes = readPacket(fd)) {
        const place = linkOf(from, bytes);
        if (place < 0) continue;
        const packet = { fd: fds[plan.links[place]!.to]!, bytes };
        for (const at of links[place]!.pass(clock(), bytes.length)) timeline.add(at, packet);
      }
    }
    timeline.run(clock(), (at, { fd, bytes }) => {
      writePacket(fd, bytes);
      late.add(clock() - at);
    });
    if (waiter.ready(fds.length) && !readCommands(links)) return;
  }
}

/** The place of the link that a packet goes by; -1 when it is for nobody here. */
function linkOf(from: number, bytes: Uint8Array): number {
  const to = plan.ends.length === 2 ? 1 - from : (bytes[LAST_BYTE_AT] ?? 0) - 1;
  return plan.links.findIndex((link) => link.from === from && link.to === to);
}

/** us since the start. */
function clock(): number {
  return monotonicUs() - started;
}

/** False at the end of stdin. */
function readCommands(links: readonly LiveLink[]): boolean {
  const count = libc.read(STDIN, input.address as Parameters<typeof libc.read>[1], 16_384);
  if (count <= 0) return false;
  text += new TextDecoder().decode(input.bytes.subarray(0, count));
  const lines = text.split("\n");
  text = lines.pop()!;
  for (const line of lines) obey(JSON.parse(line) as ForwarderCommand, links);
  return true;
}

function obey(command: ForwarderCommand, links: readonly LiveLink[]): void {
  const now = clock();
  if (command.type === "rate") links[command.link]!.setRate(now, command.steps);
  else if (command.type === "cut") links[command.link]!.blocked = command.on;
  else if (command.type === "mtu") links[command.link]!.setMtu(command.bytes);
  else if (command.type === "calm") for (const link of links) link.setCalm(command.on);
  else {
    const { p50, p99, max } = percentiles(late.take());
    say({
      type: "figures",
      figures: {
        links: links.map((link) => link.figures()),
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
