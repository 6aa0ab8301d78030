/** GET /hls/NAME/still.mp4: the newest keyframe of a stream as a file, for posters and lists. */
import { isWithin, type ViewLimits } from "../streams/layer-limits.ts";
import type { Tails } from "../streams/tails.ts";
import { type AdmissionServices, askHook } from "./admission.ts";
import type { AppContext } from "./context.ts";
import { problem, RETRY_LIMIT_S, retryLater } from "./problem.ts";
import { waitUntil } from "./tail-wait.ts";

export const STILL = "still.mp4";
/** Seconds that caches keep it: what the server keeps is half as old on average. */
const AGE_S = 5;

/** The picture, for whoever may view the stream. */
export async function readStill(
  c: AppContext,
  services: AdmissionServices,
  tails: Tails,
  name: string,
  limits: ViewLimits,
): Promise<Response> {
  const { registry, cluster, metrics } = services;
  const refused = await askHook(c, services, "viewer", name);
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
