import { z } from "zod";
import { JSON_BYTES_MAX } from "../limits.ts";
import { layersIn } from "./announcer.ts";
import { readBody } from "./body.ts";
import type { AppContext, Services } from "./context.ts";
import { notFound, problem } from "./problem.ts";
import type { Session } from "./session.ts";
import { findSession } from "./session-resource.ts";

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

/**
 * POST on the layer URL of the WHEP layer extension. The server chooses layers by itself, so what
 * it accepts is the return to automatic, and a choice that names the only layer there is.
 */
export async function selectLayer(c: AppContext, services: Services): Promise<Response> {
  const session = await findViewer(c, services);
  if (session instanceof Response) return session;
  const text = await readBody(c.req.raw, JSON_BYTES_MAX);
  if (text === null) return problem(413, "Body too large", "A layer selection is a small object.");
  const choice = selection.safeParse(parseJson(text));
  if (!choice.success) {
    return problem(400, "Bad layer selection", choice.error.issues[0]?.message ?? "No object.");
  }
  const { mediaId, encodingId, rid = encodingId, ...rest } = choice.data;
  if (mediaId !== undefined && !isVideoOf(session, String(mediaId))) {
    return problem(404, "Unknown media", `There is no video m-line "${mediaId}".`);
  }
  const layers = layersIn(session.stream, services.plane);
  if (rid !== undefined) {
    const known = layers.some((layer) => layer.rid === rid);
    if (!known) return problem(404, "Unknown layer", "The publisher sends no such rid.");
  }
  const isAutomatic = rid === undefined && Object.keys(rest).length === 0;
  const isOnlyLayer = layers.length === 1 && Object.keys(rest).length === 0;
  if (isAutomatic || isOnlyLayer) return new Response(null, { status: 200 });
  return problem(422, "Automatic only", "This server chooses the layer by itself.");
}

/** DELETE on the layer URL: medooze's way back to automatic. */
export async function resetLayer(c: AppContext, services: Services): Promise<Response> {
  const session = await findViewer(c, services);
  return session instanceof Response ? session : new Response(null, { status: 200 });
}

/** A viewer's session; a publisher has no extension URLs. */
export async function findViewer(c: AppContext, services: Services): Promise<Session | Response> {
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

/** `"0"` is automatic whatever the m-lines; otherwise an m-line index or a mid. */
function isVideoOf(session: Session, mediaId: string): boolean {
  if (mediaId === "0") return true;
  return session.media.some(
    (section, index) =>
      section.kind === "video" && (section.mid === mediaId || String(index) === mediaId),
  );
}
