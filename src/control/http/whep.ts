import { answerViewer } from "../../sdp/answer.ts";
import { isProblem } from "../../sdp/problem.ts";
import { strictest } from "../streams/layer-limits.ts";
import {
  type Admission,
  type AdmissionServices,
  admit,
  askHook,
  placeSession,
  workerReady,
} from "./admission.ts";
import type { AppContext } from "./context.ts";
import { created, freshSession, sessionPath } from "./created.ts";
import { extensionLinks, iceServerLinks } from "./links.ts";
import { describeLocal } from "./local-description.ts";
import { retryLater, sdpProblem } from "./problem.ts";
import { streamOptions } from "./stream-options.ts";
import { type TailLinkServices, tellOfTail } from "./tail-link.ts";

/** Seconds after which a viewer of an idle stream should ask again. */
const RETRY_NOT_LIVE_S = 2;

/** POST /whep/NAME: a viewer's offer (WHEP 4.3). */
export async function view(
  c: AppContext,
  services: AdmissionServices & TailLinkServices,
): Promise<Response> {
  const response = await answer(c, services);
  tellOfTail(c, services, response);
  return response;
}

async function answer(c: AppContext, services: AdmissionServices): Promise<Response> {
  const admission = await admit(c, services, "viewer");
  if (admission instanceof Response) return admission;
  const { name, grant, ticket } = admission;
  if (services.registry.streams.get(name)?.isLive !== true) await services.cluster?.find(name);
  const early = notNow(name, services);
  if (early !== null) return early;
  // Of whom another node has sent it has asked already.
  const refused = ticket === null ? await askHook(c, services, "viewer", name) : null;
  if (refused !== null) return refused;
  await workerReady(services, "viewer");
  // All that took its time. No await from here on.
  const late = notNow(name, services);
  if (late !== null) return late;
  const limits = strictest(streamOptions(services.config, name).limits, grant.limits);
  const elsewhere = services.handover?.send(c, { name, limits, ticket }) ?? null;
  return elsewhere ?? open(c, services, admission);
}

function open(c: AppContext, services: AdmissionServices, admission: Admission): Response {
  const { config, plane, registry } = services;
  const { name } = admission;
  const placement = placeSession(c, services, "viewer");
  if (placement instanceof Response) return placement;
  const stream = registry.streams.get(name);
  const local = describeLocal(services, placement);
  const live = stream?.source?.live(plane) ?? null;
  const answer = answerViewer(admission.offer, local, live);
  if (isProblem(answer)) return sdpProblem(answer);
  const session = registry.openViewer(
    freshSession(c, services, { admission, placement, local, answer }),
    streamOptions(config, name).playoutDelay,
    strictest(streamOptions(config, name).limits, admission.grant.limits),
  );
  services.handover?.room.came();
  const links = [...iceServerLinks(config.iceServers), ...extensionLinks(sessionPath(session))];
  return created(c, session, answer.sdp, links);
}

/** 409 while nobody publishes (WHEP 4.3.9), 503 when the stream has its viewers. */
function notNow(name: string, services: AdmissionServices): Response | null {
  const { config, registry, cluster, handover } = services;
  const hasRoom = handover === null || handover.room.full === null;
  // Another node may have it: its viewers are answered while its media is on its way. Those for whom
  // there is no room do not make it come.
  if (hasRoom && registry.streams.get(name)?.isLive !== true) cluster?.ensure(name);
  const stream = registry.streams.get(name);
  const isLive = stream?.isLive === true || (!hasRoom && cluster?.isElsewhere(name) === true);
  if (!isLive && !streamOptions(config, name).waitForStream) {
    services.metrics.refused("not-live");
    return retryLater(409, RETRY_NOT_LIVE_S, "Not live", `Nobody publishes "${name}" now.`);
  }
  if (stream !== undefined && stream.viewers.size >= config.limits.viewersPerStream) {
    services.metrics.refused("viewer-limit");
    return retryLater(503, 5, "Stream full", `"${name}" has as many viewers as it may have.`);
  }
  return null;
}
