import { createRoute } from "@hono/zod-openapi";
import { reportOf } from "../streams/cluster-status.ts";
import { scopeQuery } from "./admin-cluster.ts";
import { type AdminServices, type Api, json } from "./admin-route.ts";
import { pictureOf } from "./cluster-picture.ts";
import { type Status, statusSchema } from "./status-schemas.ts";

const ALONE: Omit<Status, "version"> = {
  ...{ node: null, members: [], secrets: [], differences: [], streams: [], failures: [] },
};

/** GET /status. */
export function mountStatus(api: Api, services: AdminServices): void {
  const { version, registry, cluster, auth } = services;
  const route = createRoute({
    method: "get",
    path: "/status",
    summary: "This node and the others, and how each stream reaches them.",
    request: { query: scopeQuery },
    responses: { 200: json(statusSchema, "About a second old at most.") },
  });
  api.openapi(route, async (c) => {
    if (cluster === null) return c.json({ version, ...ALONE }, 200);
    const isAlone = c.req.valid("query").scope === "node";
    const replies = isAlone ? [] : await cluster.asks.look("status");
    const own = reportOf(cluster, registry.streams.values(), auth.credentials);
    return c.json({ version, ...pictureOf(own, cluster.state?.links ?? [], replies) }, 200);
  });
}
