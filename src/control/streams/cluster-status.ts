/** What the API says of the cascade, as this node sees it. */
import type { ClusterSetup, ClusterState } from "../../contract/cluster.ts";
import type { Cluster } from "./cluster.ts";
import type { Stream } from "./stream.ts";

const NOTHING: Omit<ClusterState, "role"> = {
  accepts: [],
  links: [],
  pulls: [],
  published: [],
  failures: [],
};

export function describeCluster(cluster: Cluster | null, streams: Iterable<Stream>) {
  if (cluster === null) return { node: null, members: [], streams: [], failures: [] };
  const { setup } = cluster;
  const role = setup.role === "edge" ? "edge" : "core";
  const state = cluster.state ?? { ...NOTHING, role };
  return {
    node: describeNode(setup, state),
    members: state.links.map((link) => ({ ...link, accepts: [...link.accepts] })),
    streams: [...streams].flatMap((stream) => describeStream(stream, setup, state, cluster)),
    failures: [...state.failures],
  };
}

function describeNode(setup: ClusterSetup, { accepts, role }: ClusterState) {
  return {
    id: setup.node,
    cluster: setup.cluster,
    role,
    region: setup.region,
    addresses: [...setup.addresses],
    accepts: [...accepts],
  };
}

/** A stream that comes from or goes to other nodes. */
interface ClusterStream {
  readonly name: string;
  readonly epoch: number | null;
  readonly owner: string;
  readonly parent: string | null;
  readonly standby: string[];
  readonly path: string[] | null;
  readonly children: number;
  readonly viewers: number;
}

/** None of a stream that nobody publishes. */
function describeStream(
  stream: Stream,
  setup: ClusterSetup,
  state: ClusterState,
  cluster: Cluster,
): ClusterStream[] {
  if (stream.source === null) return [];
  const common = {
    name: stream.name,
    children: cluster.childrenOf(stream),
    viewers: stream.viewers.size,
  };
  const pull = state.pulls.find(({ name }) => name === stream.name);
  if (pull === undefined) {
    const own = state.published.find(({ name }) => name === stream.name);
    const epoch = own?.epoch ?? null;
    return [{ ...common, epoch, owner: setup.node, parent: null, standby: [], path: [] }];
  }
  const { parents, path } = pull;
  const ready = parents.filter(({ state: is }) => is === "accepted");
  const giving = ready.find(({ mode }) => mode === "live");
  const standby = ready.filter((parent) => parent !== giving).map(({ node }) => node);
  return [
    {
      ...common,
      epoch: pull.epoch,
      owner: pull.owner,
      parent: giving?.node ?? null,
      standby,
      path: path === null ? null : [...path],
    },
  ];
}
