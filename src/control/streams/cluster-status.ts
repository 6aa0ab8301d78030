/** What a node says of itself in the cascade: to the API, and to nodes that ask. */
import type { ClusterSetup, ClusterState, LinkFailure } from "../../contract/cluster.ts";
import type { NamesMode } from "../../wire/cascade/hello.ts";
import type { Cluster } from "./cluster.ts";
import type { Stream } from "./stream.ts";

const NOTHING: Omit<ClusterState, "role"> = {
  accepts: [],
  links: [],
  pulls: [],
  published: [],
  failures: [],
};

/** Short hashes of what lets people in: alike on all nodes, or somebody is let in at some of them only. */
export interface Credentials {
  readonly tokens: readonly string[];
  readonly keys: readonly string[];
}

/** A node, as it describes itself. */
export interface NodeReport extends Credentials {
  readonly id: string;
  readonly cluster: string;
  readonly role: "core" | "edge";
  readonly region: string;
  readonly version: string;
  readonly url: string;
  readonly addresses: readonly string[];
  /** Ids of the secrets that it accepts, the used one first. */
  readonly accepts: readonly string[];
  readonly names: NamesReport;
  readonly streams: readonly Way[];
  readonly failures: readonly LinkFailure[];
}

/** Who decides whose a name is. */
export interface NamesReport {
  readonly by: NamesMode;
  /** Names that the node has there; 0 of the mesh. */
  readonly owned: number;
  /** Why it cannot be asked; null while it can. */
  readonly trouble: string | null;
}

/** How a node has a stream. */
export interface Way {
  readonly name: string;
  readonly epoch: number | null;
  readonly owner: string;
  readonly parent: string | null;
  readonly standby: readonly string[];
  readonly path: readonly string[] | null;
  readonly children: number;
  readonly viewers: number;
  readonly ageMs: number | null;
  readonly filled: number;
  readonly withheld: readonly string[];
}

/** Of a stream that comes from no other node. */
export const NOT_COMING = {
  ...{ parent: null, standby: [], ageMs: null, filled: 0, withheld: [] },
} satisfies Partial<Way>;

export function reportOf(
  cluster: Cluster,
  streams: Iterable<Stream>,
  credentials: Credentials,
): NodeReport {
  const { setup } = cluster;
  const role = setup.role === "edge" ? "edge" : "core";
  const state = cluster.state ?? { ...NOTHING, role };
  return {
    id: setup.node,
    cluster: setup.cluster,
    role: state.role,
    region: setup.region,
    version: setup.version,
    url: setup.url,
    addresses: [...setup.addresses],
    accepts: [...state.accepts],
    names: namesOf(cluster),
    ...credentials,
    streams: [...streams].flatMap((stream) => wayOf(stream, setup, state, cluster)),
    failures: [...state.failures],
  };
}

function namesOf({ names }: Cluster): NamesReport {
  if (names === null) return { by: "mesh", owned: 0, trouble: null };
  const { owned, trouble } = names.state;
  const words = trouble && `${trouble.cause}, for ${trouble.seconds} s`;
  return { by: "etcd", owned, trouble: words };
}

/** None of a stream that nobody publishes. */
function wayOf(stream: Stream, setup: ClusterSetup, state: ClusterState, cluster: Cluster): Way[] {
  if (stream.source === null) return [];
  const common = {
    name: stream.name,
    children: cluster.childrenOf(stream),
    viewers: stream.viewers.size,
  };
  const pull = state.pulls.find(({ name }) => name === stream.name);
  const { origin } = stream.source;
  if (pull === undefined && origin.kind === "link") {
    // Since a moment ago: the relay has not told of it yet.
    return [{ ...common, ...NOT_COMING, owner: origin.address, path: null, epoch: null }];
  }
  if (pull === undefined || origin.kind === "session") {
    const own = state.published.find(({ name }) => name === stream.name);
    const epoch = own?.epoch ?? null;
    return [{ ...common, ...NOT_COMING, owner: setup.node, path: [], epoch }];
  }
  const { parents, path, epoch, owner, ageMs, filled } = pull;
  const ready = parents.filter(({ state: is }) => is === "accepted");
  const live = ready.filter(({ mode }) => mode === "live");
  // Of two that give it the one that the way is by.
  const giving = live.find(({ node }) => node === path?.at(-1)) ?? live[0];
  const standby = ready.filter((parent) => parent !== giving).map(({ node }) => node);
  const by = path === null ? null : [...path];
  const parent = giving?.node ?? null;
  const coming = { ageMs, filled, withheld: [...pull.withheld] };
  return [{ ...common, epoch, owner, parent, standby, path: by, ...coming }];
}
