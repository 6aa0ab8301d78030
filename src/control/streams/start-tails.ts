import type { HlsConfig } from "../../config/hls.ts";
import type { Config } from "../../config.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { Seats } from "./seats.ts";
import type { Streams } from "./streams.ts";
import { Tails } from "./tails.ts";

interface StartOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Null where no stream has a tail. */
export function startTails(
  { config, clock, random }: StartOptions,
  { packager }: MediaPlane,
  streams: Streams,
  seats: Seats,
  optionsOf: (name: string) => { readonly hls: HlsConfig["mode"] },
): Tails | null {
  if (packager === null) return null;
  const { partUs, memoryBytes } = config.hls;
  const modeOf = (name: string) => optionsOf(name).hls;
  return new Tails({ packager, streams, clock, random, partUs, memoryBytes, seats, modeOf });
}
