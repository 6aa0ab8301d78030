/**
 * A network path on this machine: two namespaces, a TUN device in each, and a process that forwards
 * between them through the seeded link model of the simulations. A queueing discipline would not do:
 * it drops whole UDP_SEGMENT messages, which real networks do not.
 */
import type { LinkOptions } from "../sim/link.ts";
import {
  addressOf,
  DIRECTIONS,
  type Direction,
  type Figures,
  type RateSteps,
} from "./emulator-messages.ts";
import { Forwarding } from "./forwarding.ts";

export { lacksEmulator } from "./forwarding.ts";

const NEAR = 0;
const FAR = 1;

export interface EmulatorOptions {
  readonly seed: number;
  /** From the near side to the far one, and back. */
  readonly down: Omit<LinkOptions, "rate">;
  readonly up: Omit<LinkOptions, "rate">;
  /** The path falls to pieces by itself after so long. */
  readonly seconds: number;
}

export class LinkEmulator {
  readonly nearAddress = addressOf(NEAR);
  readonly farAddress = addressOf(FAR);

  private constructor(private readonly forwarding: Forwarding) {}

  /** Rates are unlimited until `setRate`. Call `close` whatever happens. */
  static async open({ seed, down, up, seconds }: EmulatorOptions): Promise<LinkEmulator> {
    const links = [
      { from: NEAR, to: FAR, options: down },
      { from: FAR, to: NEAR, options: up },
    ];
    return new LinkEmulator(
      await Forwarding.open({ seed, seconds, links, roles: ["near", "far"] }),
    );
  }

  /** Namespaces. */
  get near(): string {
    return this.forwarding.namespaces[NEAR]!;
  }

  get far(): string {
    return this.forwarding.namespaces[FAR]!;
  }

  /** A command that runs on one side of the path. */
  inside(side: "near" | "far", command: readonly string[]): string[] {
    return this.forwarding.inside(side === "near" ? NEAR : FAR, command);
  }

  setRate(direction: Direction, steps: RateSteps): void {
    this.forwarding.send({ type: "rate", link: DIRECTIONS.indexOf(direction), steps });
  }

  cut(direction: Direction, on: boolean): void {
    this.forwarding.send({ type: "cut", link: DIRECTIONS.indexOf(direction), on });
  }

  /** Since the last call. */
  async figures(): Promise<Figures> {
    const { links, seconds, lateMs } = await this.forwarding.figures();
    return { down: links[0]!, up: links[1]!, seconds, lateMs };
  }

  /** Ends what runs in the namespaces and removes them. */
  async close(): Promise<void> {
    await this.forwarding.close();
  }
}
