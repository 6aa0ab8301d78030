import { runChaos } from "../../test/control/etcd/chaos.ts";
import { fuzzArchive } from "../../test/fuzz/archive.ts";
import { fuzzCascade } from "../../test/fuzz/cascade.ts";
import { fuzzDtls } from "../../test/fuzz/dtls.ts";
import { fuzzDvr } from "../../test/fuzz/dvr.ts";
import { fuzzEtcd } from "../../test/fuzz/etcd.ts";
import { fuzzFrames } from "../../test/fuzz/frames.ts";
import { fuzzPath } from "../../test/fuzz/path.ts";
import { fuzzTail } from "../../test/fuzz/tail.ts";
import { fuzzTcp } from "../../test/fuzz/tcp.ts";
import { fuzzTicket } from "../../test/fuzz/ticket.ts";

/** A fuzzer: one case is made wholly by its seed, in virtual time, and throws when a rule is broken. */
export interface FuzzTarget {
  readonly name: string;
  readonly run: (seed: number) => void | Promise<void>;
}

/** What `bun run fuzz` runs by turns. A case takes some tenths of a second. */
export const TARGETS: readonly FuzzTarget[] = [
  {
    // Publisher, rings, egress, viewers: every byte that leaves is one that came, or a constant.
    name: "path",
    run: (seed) => {
      fuzzPath(seed);
    },
  },
  {
    // DTLS in both roles: true ends find each other whatever a stranger sends between.
    name: "dtls",
    run: (seed) => {
      fuzzDtls(seed);
    },
  },
  {
    // A node with a member that lies: the streams of all others are as if it were not there.
    name: "cascade",
    run: (seed) => {
      fuzzCascade(seed);
    },
  },
  {
    // The tail's frames: whatever packets say, what comes out are samples, and true ones come behind.
    name: "frames",
    run: (seed) => {
      fuzzFrames(seed);
    },
  },
  {
    // Tails of rings that hold anything: their playlists keep the rules, and true media comes behind.
    name: "tail",
    run: (seed) => {
      fuzzTail(seed);
    },
  },
  {
    // Recordings over a disk that fails and fills up: what one has comes back, files hold what is whole.
    name: "archive",
    run: fuzzArchive,
  },
  {
    // Playlists with DVR over a shelf that loses things: whole and delta updates say the same.
    name: "dvr",
    run: (seed) => {
      fuzzDvr(seed);
    },
  },
  {
    // The tickets of redirects: what a node has signed comes back, and nothing else does.
    name: "ticket",
    run: (seed) => {
      fuzzTicket(seed);
    },
  },
  {
    // Connections of clients: cut anywhere, true frames come whole, and to nobody else.
    name: "tcp",
    run: (seed) => {
      fuzzTcp(seed);
    },
  },
  {
    // Names by etcd: answers of any kind, and nodes, calls and a store that fail.
    name: "etcd",
    run: (seed) => {
      fuzzEtcd(seed);
      runChaos(seed);
    },
  },
];
