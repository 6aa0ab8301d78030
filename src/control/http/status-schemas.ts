import { z } from "@hono/zod-openapi";

/** The shapes of GET /api/v1/status; what a node tells others of itself is read by some of them. */
const waySchema = z.object({
  name: z.string(),
  epoch: z.number().int().nullable().describe("Which publisher of the name, by count."),
  owner: z.string().describe("The node that its publisher is at."),
  parent: z.string().nullable().describe("Whom the node has it from."),
  standby: z.array(z.string()).describe("Who else would give it at once."),
  path: z.array(z.string()).nullable().describe("The nodes that it comes by, the root first."),
  children: z.number().int().describe("Nodes that have it from this one."),
  viewers: z.number().int(),
  ageMs: z
    .number()
    .nullable()
    .describe("Of its media when it comes, since it came to the root; no clocks are compared."),
  filled: z
    .number()
    .int()
    .default(0)
    .describe("Packets that were missing there, and that another than the parent gave."),
  withheld: z
    .array(z.string())
    .default([])
    .describe("Layers that are sent and that its links do not carry, by their rids."),
});

const failureSchema = z.object({ address: z.string(), node: z.string(), reason: z.string() });

const namesSchema = z
  .object({
    by: z.enum(["mesh", "etcd"]),
    owned: z.number().int().describe("Names that the node has in etcd."),
    trouble: z
      .string()
      .nullable()
      .describe("Why etcd cannot be asked, in words: all that plays goes on, new names wait."),
  })
  .describe("Who decides whose a stream's name is.");

/** What a node says of itself. */
export const reportSchema = z.object({
  id: z.string(),
  cluster: z.string(),
  role: z.enum(["core", "edge"]),
  region: z.string(),
  version: z.string(),
  url: z.string(),
  addresses: z.array(z.string()),
  accepts: z.array(z.string()).describe("Ids of the secrets that it accepts, the used one first."),
  tokens: z.array(z.string()).describe("A short hash of each static token and its rights."),
  keys: z.array(z.string()).describe("A short hash of each key."),
  names: namesSchema.optional(),
  streams: z.array(waySchema),
  failures: z.array(failureSchema),
});

const memberSchema = z
  .object({
    node: z.string(),
    linked: z.boolean().describe("This node has a link with it; it is heard of by others if not."),
    answered: z.boolean().describe("It told of itself within a second."),
    role: z.enum(["core", "edge"]).nullable(),
    region: z.string(),
    version: z.string(),
    url: z.string(),
    address: z.string(),
    roundTripMs: z.number().nullable(),
    datagramBytes: z
      .number()
      .int()
      .nullable()
      .describe("The longest datagram that the path to it was found to take, bytes of UDP."),
    trouble: z
      .string()
      .nullable()
      .describe(
        "What is wrong with the link, in words: streams that come by it come by another too.",
      ),
    load: z.number().nullable().describe("Share of a core that its relay worker is busy, 0 to 1."),
    filled: z
      .number()
      .nullable()
      .describe("Of what it may give to viewers, 0 to 1; null where it does not say."),
    accepts: reportSchema.shape.accepts,
    tokens: reportSchema.shape.tokens.nullable(),
    keys: reportSchema.shape.keys.nullable(),
    names: namesSchema.nullable(),
  })
  .openapi("Member");

const nodesOf = (what: string) => z.array(z.string()).describe(what);

/** What nodes have in common, or do not. */
const sharedSchema = z.object({
  id: z.string(),
  have: nodesOf("Nodes that have it."),
  lack: nodesOf("Nodes that have it not."),
});

const clusterStreamSchema = waySchema
  .extend({
    here: z.boolean().describe("This node has it, or wants it; what follows is of this node."),
    nodes: z
      .array(waySchema.omit({ name: true }).extend({ node: z.string() }))
      .describe("All nodes that have it, of those that answered."),
  })
  .openapi("ClusterStream");

export const statusSchema = z
  .object({
    version: z.string(),
    node: reportSchema
      .omit({ streams: true, failures: true, version: true })
      .nullable()
      .describe("Null where the server belongs to no cluster."),
    members: z.array(memberSchema).describe("The other nodes."),
    secrets: z
      .array(sharedSchema.extend({ used: nodesOf("Nodes that use it first.") }))
      .describe("One that a node lacks must not be the only one of another."),
    differences: z
      .array(sharedSchema.extend({ kind: z.enum(["token", "key"]) }))
      .describe("Static tokens and keys that some of the nodes have and others have not."),
    streams: z.array(clusterStreamSchema),
    failures: z
      .array(failureSchema.extend({ at: z.string().describe("The node that tells it.") }))
      .describe("Links that could not be or ended: this node's first, the newest last."),
  })
  .openapi("Status");

export type Status = z.infer<typeof statusSchema>;
export type Report = z.infer<typeof reportSchema>;
