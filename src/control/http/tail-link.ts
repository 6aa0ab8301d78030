/** What answers to viewers' POSTs tell of the tail, so that a player that cannot have WebRTC finds it. */
import type { Config } from "../../config.ts";
import type { Clock } from "../ports.ts";
import type { Registry } from "../streams/registry.ts";
import type { Tails } from "../streams/tails.ts";
import type { AppContext } from "./context.ts";
import { streamName } from "./names.ts";
import { streamOptions } from "./stream-options.ts";

export const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
/** The playlist that players are sent to. */
export const INDEX = "index.m3u8";
/** The server's wall clock in ms: that of EXT-X-PROGRAM-DATE-TIME, too. */
export const TIME_HEADER = "Spillway-Time";

export interface TailLinkServices {
  readonly config: Config;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Null where streams have none. */
  readonly tails: Tails | null;
}

/** It plays, there is no room for it, or not in a codec that it has. */
const TOLD = new Set([201, 422, 503]);

/** Adds the Link and the time to the answer to a POST to /whep/NAME. */
export function tellOfTail(c: AppContext, services: TailLinkServices, response: Response): void {
  if (!TOLD.has(response.status)) return;
  response.headers.set(TIME_HEADER, String(Math.round(services.clock.wall())));
  const { pathname } = new URL(c.req.url);
  const name = streamName(pathname, "/whep/");
  if (!name.ok || !hasTail(name.name, services)) return;
  const kept = keptOf(name.name, services);
  // Relative, as all URIs of a tail: a proxy may have all of it behind a prefix.
  const path = pathname.slice("/whep/".length);
  const up = "../".repeat(path.split("/").length);
  const uri = `${up}hls/${path}/${INDEX}`;
  response.headers.append("Link", `<${uri}>; rel="alternate"; type="${PLAYLIST_TYPE}"${kept}`);
}

/**
 * So many seconds of it are kept for viewers to go back to, as far as there is something since then (ms
 * since 1970, by capture): as parameters of a link.
 */
function keptOf(name: string, { registry, tails, clock }: TailLinkServices): string {
  const stream = registry.streams.get(name);
  const reach = stream === undefined ? null : (tails?.of(stream)?.reach ?? null);
  if (reach === null) return "";
  const { windowUs, sinceUs } = reach;
  const sinceMs = sinceUs === null ? clock.wall() : sinceUs / 1_000;
  return `; dvr="${windowUs / 1e6}"; since="${Math.round(sinceMs)}"`;
}

/** There is one, or whoever asks makes it begin. */
function hasTail(name: string, { config, registry, tails }: TailLinkServices): boolean {
  const stream = registry.streams.get(name);
  if (tails === null || stream === undefined) return false;
  if (streamOptions(config, name).hls === "off") return false;
  const tail = tails.of(stream);
  if (tail !== undefined) return tail.state !== "unavailable";
  return stream.isLive && tails.whyNone(stream) === null;
}
