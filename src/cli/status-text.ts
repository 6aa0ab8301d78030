import { z } from "zod";

const text = z.string();

/** As much of GET /api/v1/status as is shown. */
const statusShape = z.object({
  version: text,
  node: z
    .object({
      id: text,
      cluster: text,
      role: text,
      region: text,
      addresses: z.array(text),
      accepts: z.array(text),
    })
    .nullable(),
  members: z.array(
    z.object({
      node: text,
      role: text,
      region: text,
      version: text,
      address: text,
      roundTripMs: z.number().nullable(),
      load: z.number(),
      accepts: z.array(text),
    }),
  ),
  streams: z.array(
    z.object({
      name: text,
      owner: text,
      parent: text.nullable(),
      standby: z.array(text),
      path: z.array(text).nullable(),
      children: z.number(),
      viewers: z.number(),
    }),
  ),
  failures: z.array(z.object({ address: text, node: text, reason: text })),
});

type Status = z.infer<typeof statusShape>;

/** Digits of a node's id that tell it from others. */
const ID_SHOWN = 8;

/** For people: a few lines and two tables. */
export function statusText(answer: unknown): string {
  const parsed = statusShape.safeParse(answer);
  if (!parsed.success) return "The server answers something else.";
  const status = parsed.data;
  const { node } = status;
  if (node === null) return `Spillway ${status.version}, in no cluster.`;
  const place = node.region === "" ? node.role : `${node.role} in ${node.region}`;
  const lines = [
    `Node ${short(node.id)} (${place}) of "${node.cluster}", Spillway ${status.version}`,
    `Reached at ${node.addresses.join(", ")}, accepts ${secrets(node.accepts)}`,
    "",
    ...members(status),
    ...streams(status),
    ...failures(status),
  ];
  return lines.join("\n").trimEnd();
}

function members({ members: all }: Status): string[] {
  if (all.length === 0) return ["No links to other nodes.", ""];
  const rows = all.map((member) => [
    short(member.node),
    member.role,
    member.region,
    member.address,
    member.roundTripMs === null ? "" : `${member.roundTripMs.toFixed(1)} ms`,
    `${Math.round(member.load * 100)} %`,
    member.version,
    member.accepts.join(" "),
  ]);
  return table(
    ["node", "role", "region", "address", "round trip", "load", "version", "accepts"],
    rows,
  );
}

function streams({ streams: all, node }: Status): string[] {
  const rows = all.map(({ name, owner, path, standby, children, viewers }) => [
    name,
    owner === node?.id ? "here" : path === null ? "nobody gives it" : path.map(short).join(" > "),
    standby.map(short).join(" "),
    String(children),
    String(viewers),
  ]);
  if (rows.length === 0) return ["No streams.", ""];
  return table(["stream", "comes by", "standby", "children", "viewers"], rows);
}

function failures({ failures: all }: Status): string[] {
  return all.map(({ address, node, reason }) => {
    return `No link to ${[address, short(node)].filter((part) => part !== "").join(", ")}: ${reason}`;
  });
}

function secrets(accepts: readonly string[]): string {
  return accepts.length === 1 ? `secret ${accepts[0]}` : `secrets ${accepts.join(", ")}`;
}

function short(id: string): string {
  return id.slice(0, ID_SHOWN);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line), ""];
}
