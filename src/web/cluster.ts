/** The dashboard's view of the cluster: its nodes, the tree of each stream, and what is wrong. */
import { short, wordsOf } from "./cluster-words.ts";
import { byId, make, setText } from "./dom.ts";
import { formatCount, formatMs, formatShare } from "./format.ts";
import type { ClusterReport, MemberEntry, StreamWay } from "./reports.ts";
import { fillTable } from "./table.ts";
import { type TreePlace, treeOf } from "./tree.ts";

/** A line of the tree of a stream; the name stands in the first one. */
interface TreeLine extends TreePlace<StreamWay> {
  readonly stream: string;
  readonly isFirst: boolean;
}

/** Hidden where the server belongs to no cluster. */
export function showCluster(report: ClusterReport): void {
  const { node, members } = report;
  byId("cluster").hidden = node === null;
  if (node === null) return;
  const place = node.region === "" ? node.role : `${node.role} in ${node.region}`;
  setText(byId("cluster-node"), `Node ${short(node.id)}, ${place} of “${node.cluster}”`);
  showWords(wordsOf(report));
  fillTable(byId("members"), members, ({ node: id }) => id, memberCells);
  byId("members-table").hidden = members.length === 0;
  const lines = report.streams.flatMap(({ name, owner, nodes }) =>
    treeOf(owner, nodes).map((each, i): TreeLine => ({ ...each, stream: name, isFirst: i === 0 })),
  );
  fillTable(
    byId("trees"),
    lines,
    (line) => `${line.stream} ${line.node}`,
    (line) => lineCells(line, node.id, members),
  );
  byId("trees-table").hidden = lines.length === 0;
}

function showWords(words: readonly string[]): void {
  const list = byId("cluster-words");
  list.hidden = words.length === 0;
  for (const [i, text] of words.entries()) {
    const item = list.children[i] ?? list.appendChild(make("li"));
    setText(item as HTMLElement, text);
  }
  while (list.children.length > words.length) list.lastElementChild?.remove();
}

function memberCells(member: MemberEntry): (string | Node)[] {
  return [
    make("code", "", short(member.node)),
    member.role ?? "–",
    member.region === "" ? "–" : member.region,
    member.address === "" ? "–" : member.address,
    member.roundTripMs === null ? "–" : formatMs(member.roundTripMs),
    member.load === null ? "–" : formatShare(member.load),
    member.filled === null ? "–" : formatShare(member.filled),
    member.version === "" ? "–" : member.version,
    member.linked ? "linked" : "by others",
  ];
}

function lineCells(
  { stream, isFirst, node, depth, way }: TreeLine,
  self: string,
  members: readonly MemberEntry[],
): (string | Node)[] {
  const code = make("code", "", short(node));
  code.title = members.find((member) => member.node === node)?.address ?? node;
  const place = make("span", `depth${Math.min(depth, DEPTH_MAX)}`, code);
  if (node === self) place.append(" here");
  return [
    isFirst ? stream : "",
    place,
    stateOf(isFirst, way),
    way === null ? "–" : formatCount(way.viewers),
    way?.ageMs == null ? "–" : formatMs(way.ageMs),
    way === null ? "–" : formatCount(way.filled),
    way === null || way.standby.length === 0 ? "–" : way.standby.map(short).join(", "),
  ];
}

/** As the style sheet has them: media passes four nodes. */
const DEPTH_MAX = 3;

function stateOf(isRoot: boolean, way: StreamWay | null): string {
  if (way === null) return "does not answer";
  if (isRoot) return "publisher";
  if (way.path === null) return "nobody gives it";
  return way.withheld.length === 0 ? "" : `without ${way.withheld.join(", ")}`;
}
