import { z } from "zod";
import { treeOf } from "../web/tree.ts";

const text = z.string();
const texts = z.array(text);

const wayShape = z.object({
  node: text,
  parent: text.nullable(),
  standby: texts,
  path: texts.nullable(),
  viewers: z.number(),
  ageMs: z.number().nullable(),
  filled: z.number().default(0),
  withheld: texts.default([]),
});

const namesShape = z.object({ by: text, owned: z.number(), trouble: text.nullable() });

/** As much of GET /api/v1/status as is shown. */
const statusShape = z.object({
  version: text,
  node: z
    .object({
      ...{ id: text, cluster: text, role: text, region: text, addresses: texts },
      names: namesShape.nullish(),
    })
    .nullable(),
  members: z.array(
    z.object({
      node: text,
      linked: z.boolean(),
      answered: z.boolean(),
      role: text.nullable(),
      region: text,
      version: text,
      address: text,
      roundTripMs: z.number().nullable(),
      datagramBytes: z.number().nullable(),
      trouble: text.nullish(),
      load: z.number().nullable(),
      filled: z.number().nullable(),
      names: namesShape.nullish(),
    }),
  ),
  secrets: z.array(z.object({ id: text, have: texts, lack: texts, used: texts })),
  differences: z.array(z.object({ kind: text, id: text, have: texts, lack: texts })),
  streams: z.array(z.object({ name: text, owner: text, nodes: z.array(wayShape) })),
  failures: z.array(z.object({ at: text, address: text, node: text, reason: text })),
});

type Status = z.infer<typeof statusShape>;

/** As much of GET /api/v1/streams as is shown. */
const listShape = z.object({
  streams: z.array(
    z.object({
      ...{ name: text, live: z.boolean(), viewers: z.number() },
      hls: z
        .object({ state: text, reason: text.nullable(), viewers: z.number().default(0) })
        .nullish(),
      recording: z
        .object({
          state: text,
          reason: text.nullable(),
          bytes: z.number(),
          segmentsLost: z.number(),
        })
        .nullish(),
    }),
  ),
});

type Listed = z.infer<typeof listShape>["streams"][number];

/** Digits of a node's id that tell it from others. */
const ID_SHOWN = 8;

/** For people: a few lines and some tables. `list`: what GET /api/v1/streams answers. */
export function statusText(answer: unknown, list: unknown = null): string {
  const parsed = statusShape.safeParse(answer);
  if (!parsed.success) return "The server answers something else.";
  const status = parsed.data;
  const { node } = status;
  const seen = audiences(listShape.safeParse(list).data?.streams ?? []);
  if (node === null) {
    return [`Spillway ${status.version}, in no cluster.`, "", ...seen].join("\n").trimEnd();
  }
  const place = node.region === "" ? node.role : `${node.role} in ${node.region}`;
  const lines = [
    `Node ${short(node.id)} (${place}) of "${node.cluster}", Spillway ${status.version}`,
    `Reached at ${node.addresses.join(", ")}`,
    ...secrets(status),
    ...names(status),
    "",
    ...members(status),
    ...streams(status, node.id),
    ...seen,
    ...differences(status),
    ...failures(status, node.id),
  ];
  return lines.join("\n").trimEnd();
}

function members({ members: all }: Status): string[] {
  if (all.length === 0) return ["No other nodes.", ""];
  const rows = all.map((member) => [
    short(member.node),
    member.role ?? "",
    member.region,
    member.address,
    member.roundTripMs === null ? "" : `${member.roundTripMs.toFixed(1)} ms`,
    member.datagramBytes === null ? "" : `${member.datagramBytes} B`,
    percent(member.load),
    percent(member.filled),
    member.version,
    stateOf(member),
  ]);
  return table(
    [
      ...["node", "role", "region", "address", "round trip", "datagram", "load", "filled"],
      ...["version", ""],
    ],
    rows,
  );
}

function stateOf({ linked, answered, trouble }: Status["members"][number]): string {
  if (!answered) return "does not answer";
  if (trouble != null) return trouble;
  return linked ? "" : "no link from here";
}

function percent(share: number | null): string {
  return share === null ? "" : `${Math.round(share * 100)} %`;
}

/** A tree each: the node with the publisher first, below each node those that have it from there. */
function streams({ streams: all }: Status, self: string): string[] {
  if (all.length === 0) return ["No streams.", ""];
  const rows = all.flatMap(({ name, owner, nodes }) =>
    treeOf(owner, nodes).map(({ node, depth, way }, i) => [
      i === 0 ? name : "",
      `${"  ".repeat(depth)}${short(node)}${node === self ? " (here)" : ""}`,
      String(way?.viewers ?? "?"),
      way?.ageMs == null ? "" : `${way.ageMs.toFixed(1)} ms`,
      way === null || way.filled === 0 ? "" : String(way.filled),
      (way?.standby ?? []).map(short).join(" "),
      wordOf(node === owner, way),
    ]),
  );
  return table(["stream", "node", "viewers", "media age", "filled", "standby", ""], rows);
}

const AUDIENCE = ["stream", "", "viewers", "of its tail", "tail (HLS)"];

/** Who watches each stream, and what is recorded where something is. */
function audiences(listed: readonly Listed[]): string[] {
  if (listed.length === 0) return [];
  if (listed.every(({ recording }) => recording == null))
    return table(AUDIENCE, listed.map(audience));
  const rows = listed.map((stream) => [...audience(stream), recorded(stream)]);
  return table([...AUDIENCE, "recorded"], rows);
}

/** How much, or why nothing. */
function recorded({ recording }: Listed): string {
  if (recording == null) return "";
  const { state, reason, bytes, segmentsLost: lost } = recording;
  const size = `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const what = state === "on" ? size : `${state}: ${reason}`;
  return lost === 0 ? what : `${what}, ${lost} segments lost`;
}

/** Who watches a stream, by tier, and how its tail does. */
function audience({ name, live, viewers, hls }: Listed): string[] {
  const row = [name, live ? "live" : "waits", String(viewers)];
  if (hls == null) return [...row, "", ""];
  return [
    ...row,
    String(hls.viewers),
    hls.reason === null ? hls.state : `${hls.state}: ${hls.reason}`,
  ];
}

function wordOf(isOwner: boolean, way: Status["streams"][number]["nodes"][number] | null): string {
  if (way === null) return "does not answer";
  if (isOwner) return "publisher";
  if (way.path === null) return "nobody gives it";
  return way.withheld.length === 0 ? "" : `without ${way.withheld.join(", ")}`;
}

/** What an operator is to know before taking a secret out of a file. */
function secrets({ secrets: all, members: others }: Status): string[] {
  const silent = others.filter(({ answered }) => !answered).length;
  const unknown = silent === 0 ? "" : `; ${silent} of the nodes did not say`;
  return all.map(({ id, have, lack, used }) => {
    const nodes = have.length + lack.length;
    const using = used.length === nodes ? "used by all" : `used by ${used.length} of ${nodes}`;
    if (lack.length === 0 && used.length === nodes) return `Secret ${id}: ${using}${unknown}`;
    if (lack.length === 0) return `Secret ${id}: accepted by all, ${using}${unknown}`;
    const lacking = lack.map(short).join(", ");
    return `Secret ${id}: NOT accepted by ${lacking}; ${using}${unknown}: no node may have it alone`;
  });
}

/** Nothing where the nodes decide among each other. */
function names({ node, members: others }: Status): string[] {
  if (node?.names?.by !== "etcd") return [];
  const { owned, trouble } = node.names;
  const here = trouble === null ? `${owned} of this node` : `CANNOT be asked here: ${trouble}`;
  const away = others.flatMap(({ node: id, names: at }) =>
    at?.trouble == null ? [] : [`Names by etcd: CANNOT be asked at ${short(id)}: ${at.trouble}`],
  );
  return [`Names by etcd: ${here}`, ...away];
}

function differences({ differences: all }: Status): string[] {
  return all.map(({ kind, id, have, lack }) => {
    const name = kind === "token" ? "Token" : "Key";
    return `${name} ${id} differs: at ${have.map(short).join(", ")}, not at ${lack.map(short).join(", ")}`;
  });
}

function failures({ failures: all }: Status, self: string): string[] {
  return all.map(({ at, address, node, reason }) => {
    const who = [address, short(node)].filter((part) => part !== "").join(", ");
    const link = at === self ? "No link" : `At ${short(at)}: no link`;
    return who === "" ? `${link}: ${reason}` : `${link} to ${who}: ${reason}`;
  });
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
