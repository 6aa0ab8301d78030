import { answerPublisher } from "../sdp/answer.ts";
import { isProblem } from "../sdp/problem.ts";
import type { AppContext, Services } from "./context.ts";
import { RingLease } from "./lease.ts";
import { iceServerLinks } from "./links.ts";
import type { Admission } from "./negotiate.ts";
import {
  admit,
  askHook,
  created,
  describeLocal,
  freshSession,
  placeSession,
  sdpProblem,
} from "./negotiate.ts";
import { retryLater } from "./problem.ts";
import { streamOptions } from "./stream-options.ts";

/** POST /whip/NAME: a publisher's offer (RFC 9725 4.2). */
export async function publish(c: AppContext, services: Services): Promise<Response> {
  const admission = await admit(c, services, "publisher");
  if (admission instanceof Response) return admission;
  const taken = nameTaken(admission.name, services);
  if (taken !== null) return taken;
  const refused = await askHook(c, services, "publisher", admission.name);
  if (refused !== null) return refused;
  // The hook took its time: whoever came meanwhile was first. No await from here on.
  return nameTaken(admission.name, services) ?? open(c, services, admission);
}

function open(c: AppContext, services: Services, admission: Admission): Response {
  const { config, plane, registry } = services;
  const placement = placeSession(c, services, "publisher");
  if (placement instanceof Response) return placement;
  const local = describeLocal(services, placement);
  const answer = answerPublisher(admission.offer, local, { simulcast: true });
  if (isProblem(answer)) return sdpProblem(answer);
  const lease = RingLease.take(plane, answer.media);
  if (lease === null) {
    services.metrics.refused("ring-memory");
    return retryLater(503, 5, "Server full", "The memory for media (ring-memory) is used up.");
  }
  const session = registry.openPublisher(
    freshSession(c, services, { admission, placement, local, answer }),
    lease,
    Math.min(config.limits.bitrateMax, admission.grant.limits.bitrateMax),
  );
  return created(c, session, answer.sdp, iceServerLinks(config.iceServers));
}

function nameTaken(name: string, services: Services): Response | null {
  const { takeover } = streamOptions(services.config, name);
  if (services.registry.mayPublish(name, takeover)) return null;
  return retryLater(409, 1, "Already published", `Somebody else publishes "${name}" now.`);
}
