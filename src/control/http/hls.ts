/**
 * GET /hls/NAME/FILE: the tail of a stream (draft-pantos-hls-rfc8216bis). The last segment of the path
 * is the file, all before it the stream.
 */
import type { TailPlaylist } from "../../contract/tail.ts";
import type { Skip } from "../streams/dvr-list.ts";
import { allows, strictest, type ViewLimits } from "../streams/layer-limits.ts";
import { MadeText } from "../streams/made-text.ts";
import type { Stream } from "../streams/stream.ts";
import type { Tail } from "../streams/tail.ts";
import type { Tails } from "../streams/tails.ts";
import type { Waiting } from "../streams/waiters.ts";
import { askHook, rateLimited } from "./admission.ts";
import { tokenOf } from "./auth.ts";
import { acceptsGzip } from "./coding.ts";
import type { AppContext } from "./context.ts";
import { streamName } from "./names.ts";
import { notFound, problem, RETRY_LIMIT_S, retryLater } from "./problem.ts";
import { readStill, STILL, type StillServices } from "./still.ts";
import { streamOptions } from "./stream-options.ts";
import { zippedFor } from "./tail-copies.ts";
import { isTooFar, lists, readDirectives, type Wanted } from "./tail-directives.ts";
import { INDEX, PLAYLIST_TYPE, TIME_HEADER } from "./tail-link.ts";
import { renderMaster } from "./tail-master.ts";
import { withoutReports, withToken } from "./tail-uris.ts";
import { waitUntil } from "./tail-wait.ts";

export interface TailServices extends StillServices {
  /** Null where streams have none. */
  readonly tails: Tails | null;
}

/** A file that index.m3u8 leads to: its name begins with the edition. */
const CHILD = /^[0-9a-f]{32}-/;
/** Seconds that caches keep what never becomes another: six times the target duration (B.1). */
const FILE_AGE_S = 18;
const INIT_AGE_S = 3600;
/** A playlist that was waited for never becomes another, either; any other does with the next part. */
const BLOCKED_AGE_S = 18;
const PLAIN_AGE_S = 1;
/** Who waits for no part asks about once a target duration, us. */
const PLAIN_STRETCH_US = 3_000_000;
/**
 * A whole segment: of a playlist without any hls.js makes an error, whatever parts are in it, and comes back a
 * second later.
 */
const ANY: Wanted = { msn: 0, part: null };
/** Seconds after which to ask again for a playlist that has not begun. */
const RETRY_START_S = 1;

/** Players of other origins measure how long each took (Resource Timing). */
const TIMED = { "Timing-Allow-Origin": "*" };
/** RFC 9218, for who has many on one connection: a playlist before media, and no rendition before another. */
const PLAYLIST_FIRST = { Priority: "u=1" };
const MEDIA_NEXT = { Priority: "u=3" };

/** What a request is for, once it may have it. */
interface Asked {
  readonly c: AppContext;
  readonly services: TailServices;
  readonly tails: Tails;
  readonly tail: Tail;
  readonly file: string;
  /** What stream and token leave of the renditions. */
  readonly limits: ViewLimits;
}

/** The route. */
export async function readTail(c: AppContext, services: TailServices): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const end = pathname.lastIndexOf("/");
  const file = pathname.slice(end + 1);
  const name = streamName(pathname.slice(0, Math.max(end, "/hls/".length)), "/hls/");
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = file === INDEX || file === STILL ? rateLimited(c, services) : null;
  if (limited !== null) return limited;
  let { limits }: { limits: ViewLimits } = streamOptions(services.config, name.name);
  // Whatever it names: one that is no more is not asked for a token that nobody has.
  const isChild = services.config.hls.children === "url" && CHILD.test(file);
  if (!isChild) {
    const verdict = await services.auth.check(c.req.raw, c.get("client"), "view", name.name);
    if (!verdict.ok) return verdict.response;
    limits = strictest(limits, verdict.grant.limits);
  }
  const { tails } = services;
  if (tails === null || streamOptions(services.config, name.name).hls === "off") {
    return problem(404, "No tail", `"${name.name}" is not served over HLS.`);
  }
  if (file === INDEX) return index(c, services, tails, name.name, limits);
  if (file === STILL) return readStill(c, services, tails, name.name, limits);
  const stream = services.registry.streams.get(name.name);
  const tail = stream === undefined ? undefined : tails.of(stream);
  if (stream === undefined || tail === undefined) return notFound("file");
  // Nobody else knows the edition but who was told by index.m3u8: strangers keep no tail going.
  if (isChild && !file.startsWith(`${tail.edition}-`)) return notFound("file");
  tails.ask(stream);
  const asked = { c, services, tails, tail, file, limits };
  const variant = tail.variantOf(file);
  // What is not known yet was not listed, either.
  if (variant !== undefined && allows(variant, limits) !== true) return beyond();
  return file.endsWith(".m3u8") ? playlist(asked) : media(asked);
}

/** The multivariant playlist; the first one makes the tail begin. */
async function index(
  c: AppContext,
  services: TailServices,
  tails: Tails,
  name: string,
  limits: ViewLimits,
): Promise<Response> {
  const { registry, cluster, metrics } = services;
  if (registry.streams.get(name)?.isLive !== true) await cluster?.find(name);
  const refused = await askHook(c, services, "viewer", name);
  if (refused !== null) return refused;
  if (services.draining()) {
    return retryLater(503, RETRY_LIMIT_S, "Stopping", "The server is stopping.");
  }
  if (registry.streams.get(name)?.isLive !== true) cluster?.ensure(name);
  const stream = registry.streams.get(name);
  if (stream === undefined || !canBegin(stream, tails)) {
    metrics.refused("not-live");
    return problem(404, "Not live", `Nobody publishes "${name}" now.`);
  }
  const none = tails.of(stream) === undefined ? tails.whyNone(stream) : null;
  if (none !== null) return unavailable(name, none);
  const tail = tails.ask(stream);
  if (tail === null) {
    metrics.refused("hls-memory");
    const detail = "The memory for tails (hls-memory) is used up; try again later.";
    return retryLater(503, RETRY_LIMIT_S, "Server full", detail);
  }
  const asked = { c, services, tails, tail, file: INDEX, limits };
  const allowed = () => tail.variants.filter((variant) => allows(variant, limits) === true);
  const isKnown = () =>
    tail.variants.length > 0 && tail.variants.every((variant) => allows(variant, limits) !== null);
  const isOver = () =>
    (isKnown() && !tails.awaitsLayers(tail)) || ["unavailable", "failed"].includes(tail.state);
  const waited = await waitFor(asked, isOver);
  if (waited instanceof Response) return waited;
  if (tail.state === "unavailable") return unavailable(name, tail.reason);
  if (tail.state === "failed") {
    const detail = "The server made a mistake, and cuts another one soon.";
    return retryLater(503, RETRY_LIMIT_S, "Broken off", detail);
  }
  if (!isKnown()) {
    return retryLater(503, RETRY_START_S, "Not begun", "Nothing that can be played has come yet.");
  }
  const variants = allowed();
  if (variants.length === 0) return beyond();
  return text(asked, new MadeText(renderMaster(variants)), PLAIN_AGE_S);
}

function beyond(): Response {
  return problem(403, "Rendition not allowed", "It is beyond the limits of stream and token.");
}

/** A tail that has broken off with its publisher is still there for a while. */
function canBegin(stream: Stream, tails: Tails): boolean {
  return stream.isLive || tails.of(stream) !== undefined;
}

function unavailable(name: string, reason: string): Response {
  return problem(422, "No tail", `"${name}" has none: ${reason}.`);
}

/** A media playlist: as it is once it has a segment, or once it lists what is asked for. */
async function playlist(asked: Asked): Promise<Response> {
  const { c, services, tail, file } = asked;
  const directives = readDirectives(new URL(c.req.url).searchParams);
  if ("wrong" in directives) return problem(400, "Bad directive", directives.wrong);
  const { wanted, skip } = directives;
  const now = tail.playlist(file);
  if (now === undefined) return notFound("file");
  if (isEmptied(asked)) return unavailable(tail.stream.name, tail.reason);
  if (wanted === null) return blocked(asked, ANY, skip, PLAIN_STRETCH_US, PLAIN_AGE_S);
  const { partUs } = services.config.hls;
  if (isTooFar(now, wanted, partUs)) {
    return problem(400, "Too far ahead", "The playlist does not reach that far for a while.");
  }
  return blocked(asked, wanted, skip, partUs, BLOCKED_AGE_S);
}

/** `stretchUs`: until its asker asks again; `age`: as caches are told. */
async function blocked(
  asked: Asked,
  wanted: Wanted,
  skip: Skip | null,
  stretchUs: number,
  age: number,
): Promise<Response> {
  const { services, tails, tail, file } = asked;
  const listed = (): TailPlaylist | null => {
    const newest = tail.playlist(file);
    return newest !== undefined && lists(newest, wanted) ? newest : null;
  };
  const isOver = () => listed() !== null || isEmptied(asked);
  const waited = isOver() || (await waitFor(asked, isOver));
  if (waited instanceof Response) return waited;
  const newest = listed();
  if (newest !== null) {
    tail.viewers.note(services.clock.now(), stretchUs);
    return text(asked, tail.textOf(newest, skip), age);
  }
  if (isEmptied(asked)) return unavailable(tail.stream.name, tail.reason);
  // Another edition has taken its place: who is told so asks for that at once.
  if (tails.of(tail.stream) !== tail) return notFound("file");
  const detail = "What is asked for has not come in time.";
  return retryLater(503, RETRY_START_S, "Nothing new", detail);
}

/** It was too much for the memory of a tail. */
function isEmptied({ tail, file }: Asked): boolean {
  return tail.state === "unavailable" && (tail.playlist(file)?.part ?? 0) < 0;
}

/** An init, a part, or a segment; the part that a playlist hints at once it is there. */
async function media(asked: Asked): Promise<Response> {
  const { tail, file } = asked;
  if (tail.file(file) === undefined && tail.hintsAt(file)) {
    const waited = await waitFor(asked, () => tail.file(file) !== undefined || !tail.hintsAt(file));
    if (waited instanceof Response) return waited;
  }
  const parts = tail.file(file) ?? (await keptOf(asked));
  if (parts === null) return notFound("file");
  const age = file.endsWith(".mp4") ? INIT_AGE_S : FILE_AGE_S;
  return new Response(bodyOf(parts), {
    headers: {
      ...TIMED,
      ...MEDIA_NEXT,
      "Content-Type": "video/mp4",
      "Cache-Control": `max-age=${age}`,
    },
  });
}

/** What is not in memory any more. */
async function keptOf({ tail, file }: Asked): Promise<readonly Uint8Array<ArrayBuffer>[] | null> {
  const kept = await tail.kept(file);
  return kept === null ? null : [kept];
}

function bodyOf(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> | Blob {
  return parts.length === 1 ? parts[0]! : new Blob([...parts]);
}

/** Waits until `isOver`, or its time is over; a Response when there is no place to wait in. */
function waitFor(
  { c, services, tails, tail }: Asked,
  isOver: Waiting["isOver"],
): Promise<boolean | Response> {
  // A tail that is no more brings nothing.
  return waitUntil(c, services, tails, () => isOver() || tails.of(tail.stream) !== tail);
}

/**
 * A playlist, with the asker's token in its URIs if one came in the query, and they need it; and
 * without reports of renditions that are not allowed.
 */
function text(
  { c, services, tail, limits }: Asked,
  playlist: { readonly text: string; readonly gzip: Uint8Array<ArrayBuffer> },
  age: number,
): Response {
  const { clock, config } = services;
  const needed = config.hls.children === "token" && new URL(c.req.url).searchParams.has("token");
  const fromQuery = needed ? tokenOf(c.req.raw) : null;
  const hidden = tail.variants.filter((variant) => allows(variant, limits) !== true);
  const make = () => {
    const shown = withoutReports(playlist.text, hidden);
    return fromQuery === null ? shown : withToken(shown, fromQuery);
  };
  const headers: Record<string, string> = {
    ...TIMED,
    ...PLAYLIST_FIRST,
    "Content-Type": PLAYLIST_TYPE,
    "Cache-Control": `max-age=${age}`,
    Vary: "Accept-Encoding",
    [TIME_HEADER]: String(Math.round(clock.wall())),
  };
  if (!acceptsGzip(c)) return new Response(make(), { headers });
  headers["Content-Encoding"] = "gzip";
  const key = [fromQuery ?? "", ...hidden.map(({ uri }) => uri)].join(" ");
  return new Response(key === "" ? playlist.gzip : zippedFor(playlist, key, make), { headers });
}
