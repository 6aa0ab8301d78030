import { Archive } from "../../archive/archive.ts";
import type { Disk } from "../../archive/disk.ts";
import type { Keep } from "../../archive/recording.ts";
import type { HlsConfig } from "../../config/hls.ts";
import type { Config } from "../../config.ts";
import type { Logger } from "../../log.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { Tails, type TailsOptions } from "./tails.ts";

/** Where streams are recorded. */
export interface ArchiveGround {
  readonly disk: Disk;
  /** For what goes with the process; null where there is no such folder. */
  readonly dvrFolder: string | null;
}

interface StartOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly archive?: ArchiveGround | null;
}

/** Null where no stream has a tail. */
export function startTails(
  options: StartOptions,
  plane: MediaPlane,
  ground: Pick<TailsOptions, "streams" | "seats" | "saidOf">,
  optionsOf: (name: string) => { readonly hls: HlsConfig["mode"]; readonly keep: Keep | null },
): Tails | null {
  const { config, clock, log, random } = options;
  const { packager, relay } = plane;
  if (packager === null) return null;
  const { partUs, memoryBytes } = config.hls;
  const modeOf = (name: string) => optionsOf(name).hls;
  const keepOf = (name: string) => optionsOf(name).keep;
  const archive = startArchive(options);
  return new Tails({
    ...{ ...ground, packager, relay, clock, log, random, archive },
    ...{ partUs, memoryBytes, plane, modeOf, keepOf },
  });
}

function startArchive({ archive, config, clock, log }: StartOptions): Archive | null {
  if (!archive) return null;
  const { disk, dvrFolder } = archive;
  const { diskReserveBytes: reserveBytes } = config;
  const clocks = { now: () => clock.now(), wall: () => clock.wall() };
  return new Archive({ ...clocks, disk, log, reserveBytes }, dvrFolder);
}
