import { z } from "zod";
import { JSON_BYTES_MAX } from "../../limits.ts";
import { NO_LIMITS } from "../../media/layer-choice.ts";
import type { MediaPlane } from "../plane/plane.ts";
import { isWithin, strictest } from "../streams/layer-limits.ts";
import type { StreamLayers } from "../streams/stream-layers.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";
import { chooseLayer } from "../streams/viewers.ts";
import type { DoorServices } from "./admission.ts";
import { readBody } from "./body.ts";
import type { AppContext } from "./context.ts";
import { notFound, problem } from "./problem.ts";
import { findSession } from "./session-resource.ts";

/** What a viewer's choice of layers works with. */
export interface LayerServices extends DoorServices {
  readonly plane: MediaPlane;
  readonly layers: StreamLayers;
}

const layerId = z.number().int().min(0).max(15);
const size = z.number().int().positive();
const selection = z.object({
  mediaId: z.union([z.string(), z.number()]).optional(),
  rid: z.string().optional(),
  /** The name of `rid` until October 2024; broadcast-box sends it still. */
  encodingId: z.string().optional(),
  spatialLayerId: layerId.optional(),
  temporalLayerId: layerId.optional(),
  maxSpatialLayerId: layerId.optional(),
  maxTemporalLayerId: layerId.optional(),
  maxWidth: size.optional(),
  maxHeight: size.optional(),
});
type Selection = z.output<typeof selection>;

/**
 * POST on the layer URL of the WHEP layer extension (X21). What it does not name is automatic, so
 * that a selection of nothing is the way back (X22). The type of the body is not looked at: medooze's
 * player names none.
 */
export async function selectLayer(c: AppContext, services: LayerServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  const text = await readBody(c.req.raw, JSON_BYTES_MAX);
  if (text === null) return problem(413, "Body too large", "A layer selection is a small object.");
  const choice = selection.safeParse(text.trim() === "" ? {} : parseJson(text));
  if (!choice.success) {
    return problem(400, "Bad layer selection", complaint(choice.error.issues[0]!));
  }
  if (session.state === "ended") return notFound("session");
  const { mediaId, encodingId, rid = encodingId, ...rest } = choice.data;
  const wanted = { rid, ...rest };
  const refused = refuseMedia(session, mediaId, wanted) ?? refuseLayer(session, wanted, services);
  if (refused !== null) return refused;
  chooseLayer(
    services.plane,
    session,
    strictest(
      { rid, spatialMax: rest.spatialLayerId, temporalMax: rest.temporalLayerId },
      { spatialMax: rest.maxSpatialLayerId, temporalMax: rest.maxTemporalLayerId },
      { widthMax: rest.maxWidth, heightMax: rest.maxHeight },
    ),
  );
  return new Response(null, { status: 200 });
}

/** DELETE on the layer URL: medooze's way back to automatic. */
export async function resetLayer(c: AppContext, services: LayerServices): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  chooseLayer(services.plane, session, NO_LIMITS);
  return new Response(null, { status: 200 });
}

/** A viewer's session; a publisher has no extension URLs. */
export async function findViewer(
  c: AppContext,
  services: DoorServices,
): Promise<ViewerSession | Response> {
  const session = await findSession(c, services);
  if (session instanceof Response || session.kind === "viewer") return session;
  return notFound("resource");
}

/** Undefined when the text is no JSON; schemas then refuse it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A mid or the index of an m-line; the viewer must receive video there. */
function refuseMedia(
  session: ViewerSession,
  mediaId: string | number | undefined,
  wanted: Selection,
): Response | null {
  const { media } = session;
  if (mediaId === undefined) {
    if (media.some((section) => section.kind === "video")) return null;
    return problem(422, "No video", "This session receives no video.");
  }
  const named = String(mediaId);
  const section = media.find(({ mid }) => mid === named) ?? media[indexOf(named)];
  // `{"mediaId":"0"}` is the extension's own way back to automatic, whatever stands there.
  const isAutomatic = Object.values(wanted).every((value) => value === undefined);
  if (section?.kind === "video" || (isAutomatic && named === "0")) return null;
  if (section === undefined) {
    return problem(404, "Unknown media", `There is no m-line "${named}".`);
  }
  return problem(422, "Not video", `The m-line "${named}" is audio; only video has layers.`);
}

/** What is named must be there; what only bounds may lie beyond what is there. */
function refuseLayer(
  session: ViewerSession,
  wanted: Selection,
  services: LayerServices,
): Response | null {
  const { rid, spatialLayerId, temporalLayerId } = wanted;
  const stream = services.registry.streamOf(session);
  if (rid !== undefined && stream.source?.rids.includes(rid) !== true) {
    return problem(404, "Unknown layer", `The publisher sends no rid "${rid}".`);
  }
  const points = services.layers
    .seen(stream)
    .filter((layer) => rid === undefined || layer.rid === rid);
  // Before its first packets nobody knows what there will be.
  if (points.length === 0) return null;
  // Within a rid that is too large for this viewer nothing would be left to send.
  if (rid !== undefined && !points.some((point) => isWithin(point, session.limits))) {
    return problem(403, "Layer not allowed", `"${rid}" is beyond the limits of stream and token.`);
  }
  const has = (id: number | undefined, key: "spatialId" | "temporalId"): boolean =>
    id === undefined || points.some((point) => point[key] === id);
  if (!has(spatialLayerId, "spatialId")) {
    return problem(404, "Unknown layer", `There is no spatial layer ${spatialLayerId}.`);
  }
  if (!has(temporalLayerId, "temporalId")) {
    return problem(404, "Unknown layer", `There is no temporal layer ${temporalLayerId}.`);
  }
  return null;
}

/** The index in text of digits; -1 otherwise. */
function indexOf(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : -1;
}

function complaint(issue: z.core.$ZodIssue): string {
  const member = issue.path.join(".");
  return member === "" ? "The body must be a JSON object." : `${member}: ${issue.message}`;
}
