/** GET /hls/NAME/still.mp4: the newest keyframe of a stream as a file, for posters and lists. */
import { createHash } from "node:crypto";
import { isWithin, type ViewLimits } from "../streams/layer-limits.ts";
import type { Tails } from "../streams/tails.ts";
import { type AdmissionServices, askHook, hookQuestion } from "./admission.ts";
import type { AppContext } from "./context.ts";
import type { KeptGrants } from "./kept-grants.ts";
import { problem, RETRY_LIMIT_S, retryLater } from "./problem.ts";
import { waitUntil } from "./tail-wait.ts";

export const STILL = "still.mp4";
/** Seconds that caches keep it: what the server keeps is half as old on average. */
const AGE_S = 5;

export interface StillServices extends AdmissionServices {
  /** Questions to the hook that it said yes to a moment ago. */
  readonly allowed: KeptGrants<true>;
}

/** The picture, for whoever may view the stream. */
export async function readStill(
  c: AppContext,
  services: StillServices,
  tails: Tails,
  name: string,
  limits: ViewLimits,
): Promise<Response> {
  const { registry, cluster, metrics } = services;
  const refused = await mayView(c, services, name);
  if (refused !== null) return refused;
  const live = () => registry.streams.get(name)?.isLive === true;
  if (!live()) await cluster?.find(name);
  if (!live() && !services.draining()) cluster?.ensure(name);
  const stream = registry.streams.get(name);
  if (stream?.isLive !== true) {
    metrics.refused("not-live");
    return problem(404, "Not live", `Nobody publishes "${name}" now.`);
  }
  const still = tails.stills.ask(stream);
  const waited = await waitUntil(c, services, tails, () => still.found !== null);
  if (waited instanceof Response) return waited;
  const { file = null, width = 0, height = 0, reason = null } = still.found ?? {};
  if (reason !== null) return problem(422, "No picture", `"${name}" has none: ${reason}.`);
  if (file === null) {
    return retryLater(503, RETRY_LIMIT_S, "No picture yet", "No whole picture has come yet.");
  }
  if (!isWithin({ width, height, bitrate: 0 }, limits)) {
    return problem(403, "Layer not allowed", "It is beyond the limits of stream and token.");
  }
  return new Response(file, {
    headers: {
      "Timing-Allow-Origin": "*",
      "Content-Type": "video/mp4",
      "Cache-Control": `max-age=${AGE_S}`,
    },
  });
}

/** The hook's word on it, which counts for a while: a list loads the picture again and again. */
async function mayView(
  c: AppContext,
  services: StillServices,
  name: string,
): Promise<Response | null> {
  const { allowed, clock, config } = services;
  if (config.hook === null) return null;
  const question = JSON.stringify(hookQuestion(c, "viewer", name));
  const key = createHash("sha256").update(question).digest("hex");
  if (allowed.get(key, clock.now()) !== null) return null;
  const refused = await askHook(c, services, "viewer", name);
  if (refused === null) allowed.keep(key, true, clock.now(), Number.POSITIVE_INFINITY);
  return refused;
}
