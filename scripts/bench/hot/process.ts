/**
 * One process of `hot`, whose egress lacks some parts. Argument: HotVariant (JSON). Orders, a line of
 * JSON each: a HotPoint is opened in place of the one before, a HotRun runs it. The answer to either is
 * its HotFigures.
 */
import { cutHeader, cutNote, cutSeal } from "./cuts.ts";
import { hotOutput } from "./output.ts";
import type { HotVariant } from "./parts.ts";
import { PerfCounter, PerfEvent } from "./perf-event.ts";
import { HotFigures, type HotPoint, HotStage } from "./stage.ts";

export interface HotRun {
  readonly packets: number;
  readonly paced: boolean;
}

export type HotOrder = HotPoint | HotRun;

const { output, without } = JSON.parse(process.argv[2]!) as HotVariant;
if (without.includes("note")) cutNote();
if (without.includes("seal")) cutSeal();
if (without.includes("header")) cutHeader();

const out = hotOutput(output);
const counter = PerfCounter.open(PerfEvent.instructions);
let stage: HotStage | null = null;
for await (const line of console) {
  // The end of the input is an empty one.
  if (line !== "") console.log(JSON.stringify(obey(JSON.parse(line) as HotOrder)));
}

function obey(order: HotOrder): HotFigures {
  if ("packets" in order) return stage!.run(order.packets, order.paced);
  stage?.close();
  stage = new HotStage(order, out, counter);
  return new HotFigures();
}
