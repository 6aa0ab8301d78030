/**
 * Players of one tail, for `bench tail`: `bun scripts/bench/tail-crowd.ts INDEX PLAYERS SECONDS`.
 * Prints a CrowdReport.
 */
import { TailPlayer } from "./tail-player.ts";

export interface CrowdReport {
  readonly seconds: number;
  readonly requests: number;
  /** Answers other than 200. */
  readonly refused: number;
  /** From the request for a part to its last byte. */
  readonly partMs: { readonly p50: number; readonly p99: number };
}

const [index, players, seconds] = process.argv.slice(2);
const began = performance.now();
const end = began + Number(seconds) * 1000;
const parts: number[] = [];
let requests = 0;
let refused = 0;

async function play(): Promise<void> {
  // They come over a second, as a crowd does at best.
  await Bun.sleep(Math.random() * 1000);
  const player = new TailPlayer(index!, ({ what, status, askedAt, cameAt }) => {
    requests += 1;
    if (status !== 200) refused += 1;
    if (what.includes(".m4s")) parts.push(cameAt - askedAt);
  });
  await player.play(end);
}

await Promise.all(Array.from({ length: Number(players) }, () => play()));
parts.sort((left, right) => left - right);
const at = (share: number) => parts[Math.floor(parts.length * share)] ?? Number.NaN;
const report: CrowdReport = {
  seconds: (performance.now() - began) / 1000,
  requests,
  refused,
  partMs: { p50: at(0.5), p99: at(0.99) },
};
console.log(JSON.stringify(report));
