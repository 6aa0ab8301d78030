import { WORKER_KINDS } from "../../contract/workers.ts";
import type { MachineTime } from "../../processors.ts";
import type { MediaPlane, WorkerLoad } from "./plane.ts";
import { type ProcessorShares, processorShares } from "./starvation.ts";

/** What a worker did in the last second or so. */
export interface WorkerRates {
  /** 0 to 1: share of the time that it was busy. */
  readonly load: number;
  readonly loopLagMs: number;
  readonly bitsPerSecondIn: number;
  readonly bitsPerSecondOut: number;
}

interface Sample {
  readonly atUs: number;
  readonly busyUs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const IDLE: WorkerRates = { load: 0, loopLagMs: 0, bitsPerSecondIn: 0, bitsPerSecondOut: 0 };

/** Rates out of the workers' running totals, and the process's own CPU share. */
export class Sampler {
  readonly #plane: MediaPlane;
  readonly #samples = new Map<string, Sample>();
  readonly #rates = new Map<string, WorkerRates>();
  #cpu = { atUs: 0, usedUs: 0, share: 0 };
  #machine: MachineTime | null = null;
  #processors: ProcessorShares | null = null;

  constructor(plane: MediaPlane) {
    this.#plane = plane;
  }

  /** Called about once a second. `machine` is null where the kernel does not tell. */
  tick(nowUs: number, cpuUsedUs: number, machine: MachineTime | null): void {
    this.#processors = processorShares(this.#machine, machine, cpuUsedUs - this.#cpu.usedUs);
    this.#machine = machine;
    for (const load of this.#plane.loads()) this.#sample(nowUs, load);
    const elapsed = nowUs - this.#cpu.atUs;
    const share = this.#cpu.atUs === 0 ? 0 : (cpuUsedUs - this.#cpu.usedUs) / Math.max(1, elapsed);
    this.#cpu = { atUs: nowUs, usedUs: cpuUsedUs, share };
  }

  ratesOf(worker: string): WorkerRates {
    return this.#rates.get(worker) ?? IDLE;
  }

  /** Who had the machine's processors in the last second; null before that is known. */
  get processors(): ProcessorShares | null {
    return this.#processors;
  }

  /** Cores in use by the process: 1.5 is one and a half. */
  get cpu(): number {
    return this.#cpu.share;
  }

  /** Bits a second of all workers that serve a role, in and out. */
  total(role: "publisher" | "viewer"): { in: number; out: number } {
    const sum = { in: 0, out: 0 };
    for (const load of this.#plane.loads()) {
      if (WORKER_KINDS[load.kind].serves !== role) continue;
      const rates = this.ratesOf(load.name);
      sum.in += rates.bitsPerSecondIn;
      sum.out += rates.bitsPerSecondOut;
    }
    return sum;
  }

  #sample(nowUs: number, load: WorkerLoad): void {
    const { busyUs, bytesIn, bytesOut, turnMaxUs } = load.counters;
    const before = this.#samples.get(load.name);
    this.#samples.set(load.name, { atUs: nowUs, busyUs, bytesIn, bytesOut });
    if (before === undefined || nowUs <= before.atUs) return;
    const seconds = (nowUs - before.atUs) / 1e6;
    this.#rates.set(load.name, {
      load: Math.min(1, (busyUs - before.busyUs) / (nowUs - before.atUs)),
      loopLagMs: turnMaxUs / 1000,
      bitsPerSecondIn: ((bytesIn - before.bytesIn) * 8) / seconds,
      bitsPerSecondOut: ((bytesOut - before.bytesOut) * 8) / seconds,
    });
  }
}
