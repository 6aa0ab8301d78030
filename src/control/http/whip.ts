import { PENDING_PUBLISHERS_MAX, PUBLISHER_SILENCE_US } from "../../limits.ts";
import { answerPublisher } from "../../sdp/answer.ts";
import { isProblem } from "../../sdp/problem.ts";
import { RingLease } from "../plane/lease.ts";
import {
  type Admission,
  type AdmissionServices,
  admit,
  askHook,
  placeSession,
  workerReady,
} from "./admission.ts";
import type { AppContext } from "./context.ts";
import { created, freshSession } from "./created.ts";
import { iceServerLinks } from "./links.ts";
import { describeLocal } from "./local-description.ts";
import { RETRY_LIMIT_S, retryLater, ringMemoryUsedUp, sdpProblem } from "./problem.ts";
import { streamOptions } from "./stream-options.ts";

/** POST /whip/NAME: a publisher's offer (RFC 9725 4.2). */
export async function publish(c: AppContext, services: AdmissionServices): Promise<Response> {
  const admission = await admit(c, services, "publisher");
  if (admission instanceof Response) return admission;
  // Its epoch counts on from the highest that others have heard of.
  await services.cluster?.find(admission.name);
  const taken =
    nameTaken(admission.name, services) ?? (await takenElsewhere(admission.name, services));
  if (taken !== null) return taken;
  const refused = await askHook(c, services, "publisher", admission.name);
  if (refused !== null) return refused;
  await workerReady(services, "publisher");
  // All that took its time: whoever came meanwhile was first. No await from here on.
  const go = () => nameTaken(admission.name, services) ?? open(c, services, admission);
  return await claimed(admission.name, services, go);
}

/** Where etcd decides whose a name is, it is asked last: who is refused for another reason has no name. */
async function claimed(
  name: string,
  { config, cluster, registry, metrics }: AdmissionServices,
  go: () => Response,
): Promise<Response> {
  const names = cluster?.names ?? null;
  if (names === null) return go();
  const { takeover } = streamOptions(config, name);
  return await names.claim(name, takeover === true, (verdict) => {
    if (verdict === "won") return go();
    const isElsewhere = cluster?.isElsewhere(name) === true || verdict === "taken";
    const hasFirst = isElsewhere || registry.streams.get(name)?.publisher != null;
    // It waits for the place of another, and needs its name only then.
    if (takeover === "standby" && hasFirst) return go();
    if (verdict === "taken") return alreadyPublished(name);
    metrics.refused("names");
    const detail = "It cannot be asked now who publishes what; try again.";
    return retryLater(503, RETRY_LIMIT_S, "Names unavailable", detail);
  });
}

function open(c: AppContext, services: AdmissionServices, admission: Admission): Response {
  const { config, plane, registry } = services;
  const pending = tooManyPending(c, services, admission);
  if (pending !== null) return pending;
  const placement = placeSession(c, services, "publisher");
  if (placement instanceof Response) return placement;
  const local = describeLocal(services, placement);
  const { hls, takeover } = streamOptions(config, admission.name);
  const options = { simulcast: true, files: hls !== "off" };
  const answer = answerPublisher(admission.offer, local, options);
  if (isProblem(answer)) return sdpProblem(answer);
  // The rings themselves come when it is connected; a full server says so at once.
  if (!RingLease.fits(plane, answer.media)) {
    services.metrics.refused("ring-memory");
    return ringMemoryUsedUp();
  }
  const session = registry.openPublisher(
    freshSession(c, services, { admission, placement, local, answer }),
    Math.min(config.limits.bitrateMax, admission.grant.limits.bitrateMax),
    takeover === "standby",
  );
  return created(c, session, answer.sdp, iceServerLinks(config.iceServers));
}

/** A connect takes a moment: whoever has this many open does not mean to, and holds their names. */
function tooManyPending(
  c: AppContext,
  services: AdmissionServices,
  { grant }: Admission,
): Response | null {
  const { pending } = services.registry.sessions;
  const client = c.get("client");
  const ofAddress = client.loopback ? 0 : pending.publishersOfAddress(client.address);
  const ofToken = grant.tokenHash === null ? 0 : pending.publishersOfToken(grant.tokenHash);
  if (Math.max(ofAddress, ofToken) < PENDING_PUBLISHERS_MAX) return null;
  services.metrics.refused("pending-limit");
  const whose = ofToken >= PENDING_PUBLISHERS_MAX ? "token" : "address";
  const detail =
    `${PENDING_PUBLISHERS_MAX} publishers of this ${whose} are not connected yet; ` +
    "DELETE those that are given up, or try again in a moment.";
  return retryLater(429, 2, "Too many pending publishers", detail);
}

/** Another node has a publisher of the name, and still hears of it. */
async function takenElsewhere(
  name: string,
  { config, cluster }: AdmissionServices,
): Promise<Response | null> {
  if (cluster === null || streamOptions(config, name).takeover !== false) return null;
  const isHeard = await cluster.hears(name, PUBLISHER_SILENCE_US / 1000);
  return isHeard === true ? alreadyPublished(name) : null;
}

function nameTaken(name: string, services: AdmissionServices): Response | null {
  const { config, registry, cluster } = services;
  const { takeover } = streamOptions(config, name);
  const elsewhere = cluster?.isElsewhere(name) === true;
  return registry.mayPublish(name, takeover, elsewhere) ? null : alreadyPublished(name);
}

function alreadyPublished(name: string): Response {
  return retryLater(409, 1, "Already published", `Somebody else publishes "${name}" now.`);
}
