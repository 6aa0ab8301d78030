import { createRoute, z } from "@hono/zod-openapi";
import { describeCluster } from "../streams/cluster-status.ts";
import { type AdminServices, type Api, json } from "./admin-route.ts";

const memberSchema = z
  .object({
    node: z.string(),
    role: z.enum(["core", "edge"]),
    region: z.string(),
    version: z.string(),
    url: z.string(),
    address: z.string(),
    roundTripMs: z.number().nullable(),
    load: z.number().describe("Share of a core that its relay worker is busy, 0 to 1."),
    filled: z
      .number()
      .nullable()
      .describe("Of what it may give to viewers, 0 to 1, of which 1 takes no more."),
    accepts: z
      .array(z.string())
      .describe("Ids of the secrets that it accepts, the used one first."),
  })
  .openapi("Member");

const clusterStreamSchema = z
  .object({
    name: z.string(),
    epoch: z.number().int().nullable().describe("Which publisher of the name, by count."),
    owner: z.string().describe("The node that its publisher is at."),
    parent: z.string().nullable().describe("Whom this node has it from."),
    standby: z.array(z.string()).describe("Who else would give it at once."),
    path: z.array(z.string()).nullable().describe("The nodes that it comes by, the root first."),
    children: z.number().int().describe("Nodes that have it from this one."),
    viewers: z.number().int(),
  })
  .openapi("ClusterStream");

const statusSchema = z
  .object({
    version: z.string(),
    node: z
      .object({
        id: z.string(),
        cluster: z.string(),
        role: z.enum(["core", "edge"]),
        region: z.string(),
        addresses: z.array(z.string()),
        accepts: z.array(z.string()),
      })
      .nullable()
      .describe("Null where the server belongs to no cluster."),
    members: z.array(memberSchema),
    streams: z.array(clusterStreamSchema),
    failures: z
      .array(z.object({ address: z.string(), node: z.string(), reason: z.string() }))
      .describe("Links that could not be or ended, the newest last."),
  })
  .openapi("Status");

/** GET /status. */
export function mountStatus(api: Api, { version, registry, cluster }: AdminServices): void {
  const route = createRoute({
    method: "get",
    path: "/status",
    summary: "This node, the nodes that it has links with, and how streams reach it.",
    responses: { 200: json(statusSchema, "About a second old at most.") },
  });
  api.openapi(route, (c) =>
    c.json({ version, ...describeCluster(cluster, registry.streams.values()) }, 200),
  );
}
