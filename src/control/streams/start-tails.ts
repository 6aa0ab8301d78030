import type { HlsConfig } from "../../config/hls.ts";
import type { Config } from "../../config.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { Tails, type TailsOptions } from "./tails.ts";

interface StartOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Null where no stream has a tail. */
export function startTails(
  { config, clock, random }: StartOptions,
  plane: MediaPlane,
  ground: Pick<TailsOptions, "streams" | "seats" | "saidOf">,
  optionsOf: (name: string) => { readonly hls: HlsConfig["mode"] },
): Tails | null {
  const { packager, relay } = plane;
  if (packager === null) return null;
  const { partUs, memoryBytes } = config.hls;
  const modeOf = (name: string) => optionsOf(name).hls;
  const dvrOf = () => null;
  return new Tails({
    ...{ ...ground, packager, relay, clock, random },
    ...{ partUs, memoryBytes, plane, modeOf, dvrOf },
  });
}
