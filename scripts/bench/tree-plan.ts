/** How many nodes a stream's audience takes, level by level, from what a packet costs. */

export interface TreeCosts {
  /** Thousandths of a core. */
  readonly milliCpuViewer: number;
  /** Processor time of a relay: a packet and child, and a packet that it receives. */
  readonly usChild: number;
  readonly usIn: number;
  /** Of one stream, picture and sound. */
  readonly packetsPerSecond: number;
  readonly payloadBytes: number;
  /** Bytes on the wire beside the payload. */
  readonly viewerOverheadBytes: number;
  readonly linkOverheadBytes: number;
  /** How long a packet is in a node. */
  readonly stayMs: { readonly p50: number; readonly p99: number };
}

/** A machine, and the limits of a cluster. */
export interface TreeGround {
  readonly cores: number;
  /** Of them for everything but egress. */
  readonly ownCores: number;
  readonly gbps: number;
  /** Of a core and of the card, that is used. */
  readonly share: number;
  readonly childrenMax: number;
  /** Nodes of a path. */
  readonly pathMax: number;
  readonly edgesMax: number;
  /** That an edge has the whole stream from at once. */
  readonly parents: number;
}

export interface Level {
  readonly name: string;
  readonly nodes: number;
  /** Of a node, at the most. */
  readonly children: number;
  readonly viewers: number;
  /** Of a core. */
  readonly "relay %": number;
  readonly "out Gb/s": number;
}

export interface TreePlan {
  /** The publisher's node first. */
  readonly levels: readonly Level[];
  readonly whole: {
    readonly viewers: number;
    readonly nodes: number;
    /** Nodes that a packet passes. */
    readonly path: number;
    readonly "viewers/node": number;
    readonly cores: number;
    /** Between nodes. */
    readonly "links Gb/s": number;
    readonly "viewers Gb/s": number;
    /** Of a link's bytes, what is no payload. */
    readonly "overhead %": number;
    /** All nodes of a path together, without the ways between them. */
    readonly "stay p50 ms": number;
    readonly "stay p99 ms": number;
    /** Within the limits of a cluster. */
    readonly fits: boolean;
  };
}

export function planTree(viewers: number, costs: TreeCosts, ground: TreeGround): TreePlan {
  const { parents } = ground;
  const perEdge = viewersOf(costs, ground);
  const places = placesOf(costs, ground);
  const edges = Math.ceil(viewers / perEdge);
  // From below: who gives the stream to the level beneath, up to the one node that has it.
  const counts = [edges];
  for (let wanted = edges * parents; counts[0]! > 1 && wanted > places; wanted = counts[0]!) {
    counts.unshift(Math.ceil(wanted / places));
  }
  if (counts[0]! > 1) counts.unshift(1);
  const levels = counts.map((nodes, i): Level => {
    const edge = i === counts.length - 1;
    const below = edge ? 0 : counts[i + 1]! * (i === counts.length - 2 ? parents : 1);
    const children = Math.ceil(below / nodes);
    const own = edge ? Math.ceil(viewers / nodes) : 0;
    return {
      name: i === 0 ? "root" : edge ? "edge" : "middle",
      nodes,
      children,
      viewers: own,
      "relay %": round(100 * relayShare(costs, children, edge ? parents : Math.min(1, i))),
      "out Gb/s": round((children * linkBps(costs) + own * viewerBps(costs)) / 1e9),
    };
  });
  return { levels, whole: wholeOf(viewers, levels, costs, ground) };
}

function wholeOf(
  viewers: number,
  levels: readonly Level[],
  costs: TreeCosts,
  { cores, pathMax, edgesMax }: TreeGround,
): TreePlan["whole"] {
  const nodes = levels.reduce((sum, level) => sum + level.nodes, 0);
  const links = levels.reduce((sum, level) => sum + level.nodes * level.children, 0);
  const edges = levels.at(-1)!;
  const hops = levels.length - 1;
  const { payloadBytes, linkOverheadBytes, stayMs } = costs;
  return {
    viewers,
    nodes,
    path: levels.length,
    "viewers/node": Math.round(viewers / nodes),
    cores: nodes * cores,
    "links Gb/s": round((links * linkBps(costs)) / 1e9),
    "viewers Gb/s": round((viewers * viewerBps(costs)) / 1e9),
    "overhead %": round((100 * linkOverheadBytes) / (payloadBytes + linkOverheadBytes)),
    "stay p50 ms": round(hops * stayMs.p50),
    "stay p99 ms": round(hops * stayMs.p99),
    fits: levels.length <= pathMax && edges.nodes <= edgesMax,
  };
}

/** Viewers of one edge: what its cores and its card carry. */
function viewersOf(costs: TreeCosts, { cores, ownCores, gbps, share }: TreeGround): number {
  const byCores = (cores - ownCores) * Math.floor((1000 * share) / costs.milliCpuViewer);
  const byCard = Math.floor((share * gbps * 1e9) / viewerBps(costs));
  return Math.min(byCores, byCard);
}

/** Children of one node: what its one relay worker and its card carry. */
function placesOf(costs: TreeCosts, { gbps, share, childrenMax }: TreeGround): number {
  const us = (1e6 * share) / costs.packetsPerSecond - costs.usIn;
  const byCard = (share * gbps * 1e9) / linkBps(costs);
  return Math.max(1, Math.floor(Math.min(us / costs.usChild, byCard, childrenMax)));
}

function relayShare(costs: TreeCosts, children: number, copiesIn: number): number {
  return (costs.packetsPerSecond * (copiesIn * costs.usIn + children * costs.usChild)) / 1e6;
}

function viewerBps({ packetsPerSecond, payloadBytes, viewerOverheadBytes }: TreeCosts): number {
  return 8 * packetsPerSecond * (payloadBytes + viewerOverheadBytes);
}

function linkBps({ packetsPerSecond, payloadBytes, linkOverheadBytes }: TreeCosts): number {
  return 8 * packetsPerSecond * (payloadBytes + linkOverheadBytes);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
