/** The messages between control and the relay worker: streams that leave this node and that come to it. */
import type { Cut } from "../wire/cascade/cut.ts";
import type { NamesMode } from "../wire/cascade/hello.ts";
import type { Name, NamedTrack } from "../wire/cascade/name.ts";
import type { NumberedRemark } from "../wire/cascade/remark.ts";
import type { RingGrant } from "./source.ts";

/** What a node says of itself, and whom it belongs to. Given once, when the relay worker starts. */
export interface ClusterSetup {
  readonly cluster: string;
  /** The first is used, all are accepted; each of 32 bytes or more. */
  readonly secrets: readonly Uint8Array[];
  /** 32 hex digits, by the key that the worker's certificate is made with. */
  readonly node: string;
  /** Drawn once a process. */
  readonly boot: number;
  /** `auto`: a core as long as there are few. */
  readonly role: "auto" | "core" | "edge";
  readonly region: string;
  /** Who decides whose a name is: alike on all nodes. */
  readonly names: NamesMode;
  readonly version: string;
  /** Where viewers reach this node's HTTP; empty when it does not know. */
  readonly url: string;
  /** Where others reach its link port, ADDRESS:PORT. */
  readonly addresses: readonly string[];
  readonly childrenMax: number;
  /** Bits a second to each node; null without a limit. */
  readonly linkRate: number | null;
}

/** To the relay worker. */
export type ClusterCommand =
  /** Who this node is; before anything else. */
  | { readonly type: "cluster"; readonly setup: ClusterSetup }
  /** Other secrets count for links that are made from now on. */
  | { readonly type: "cluster-secrets"; readonly secrets: readonly Uint8Array[] }
  /** All addresses of all seeds, ADDRESS:PORT with numbers. */
  | { readonly type: "seeds"; readonly addresses: readonly string[] }
  /** This node publishes the stream from now on; its `source` was told before. */
  | {
      readonly type: "publish";
      readonly name: string;
      readonly stream: number;
      readonly tracks: readonly NamedTrack[];
      /** Its epoch is this or a later one. */
      readonly epochMin: number;
    }
  | { readonly type: "unpublish"; readonly name: string }
  /** The stream is to be had from another node, as heard last, into these rings: one a track. */
  | {
      readonly type: "pull";
      readonly name: string;
      readonly stream: number;
      readonly rings: readonly RingGrant[];
    }
  /** No more; answered by `pull-ended`. */
  | { readonly type: "end-pull"; readonly stream: number }
  /** So many viewers of the stream are at this node. */
  | { readonly type: "viewers"; readonly stream: number; readonly count: number }
  /** Whether the node that has the name heard of its publisher of late; answered by `owner-answer`. */
  | {
      readonly type: "ask-owner";
      readonly request: number;
      readonly name: string;
      readonly withinMs: number;
    }
  /** Of what this node may give to viewers it gives so much, 0..1, of which 1 takes no more. */
  | { readonly type: "filled"; readonly share: number }
  /** A question to all other nodes, or to one; `asked` and `answer-part` follow. */
  | {
      readonly type: "ask";
      readonly request: number;
      readonly to: string | null;
      readonly question: Uint8Array;
    }
  /** What this node answers to a `question`. */
  | {
      readonly type: "answer";
      readonly asker: string;
      readonly request: number;
      readonly answer: Uint8Array;
    }
  /** Something was said of a stream: for the nodes that have it from here. */
  | {
      readonly type: "tell-remarks";
      readonly stream: number;
      readonly remarks: readonly NumberedRemark[];
    }
  /** What is kept of a stream, for a node that asked by `remarks-wished`. */
  | {
      readonly type: "give-remarks";
      readonly session: number;
      readonly alias: number;
      readonly remarks: readonly NumberedRemark[];
    }
  /** This node cuts the tail of a stream, for players of its own, or does not any more. */
  | { readonly type: "cuts"; readonly stream: number; readonly open: boolean }
  /** So it cuts one that it publishes. */
  | ({ readonly type: "cut"; readonly stream: number } & Cut)
  /** Other nodes are asked for a name that none has told of; answered by `looked-up`. */
  | { readonly type: "look-up"; readonly name: string }
  | { readonly type: "drain"; readonly ms: number }
  /** The process ends: other nodes are told, then `left` comes. */
  | { readonly type: "leave" };

/** A stream of another node. */
export interface HeardStream extends Pick<Name, "name" | "epoch" | "tracks"> {
  /** 32 hex digits. */
  readonly owner: string;
}

export interface AnswerPart {
  readonly node: string;
  /** Counts from 0. */
  readonly number: number;
  readonly more: boolean;
  /** Whom that node has asked in turn. */
  readonly asked: readonly string[];
  readonly part: Uint8Array;
}

/** What it tells of what is said. */
export type RemarkEvent =
  /** Something was said of a stream of another node. */
  | {
      readonly type: "remarks";
      readonly stream: number;
      readonly remarks: readonly NumberedRemark[];
    }
  /** A node wants what is kept of a stream that it has from here, and is newer than this one. */
  | {
      readonly type: "remarks-wished";
      readonly stream: number;
      readonly session: number;
      readonly alias: number;
      readonly since: number;
    };
/** What it tells of tails. */
export type CutEvent =
  /** So the root of a stream cuts it; after `cuts`. */
  | ({ readonly type: "cut"; readonly stream: number } & Cut)
  /** Nodes that have a stream from here cut it, or none does any more. */
  | { readonly type: "cuts-wished"; readonly stream: number; readonly wished: boolean };

/** From the relay worker. */
export type ClusterEvent =
  /** What counts under a name at other nodes; null when none of them has it. */
  | { readonly type: "heard"; readonly name: string; readonly stream: HeardStream | null }
  /** Another node has a name that is published here, and counts. */
  | { readonly type: "outranked"; readonly name: string }
  /** A node asks for a stream that this one has only heard of. */
  | { readonly type: "wanted"; readonly name: string }
  /** So many nodes have the stream from here. */
  | { readonly type: "children"; readonly stream: number; readonly count: number }
  /** The rings of the stream's pull are written no more. */
  | { readonly type: "pull-ended"; readonly stream: number }
  | { readonly type: "owner-answer"; readonly request: number; readonly alive: boolean }
  /** A question has gone to these. */
  | { readonly type: "asked"; readonly request: number; readonly nodes: readonly string[] }
  /** A part of what a node answers. */
  | ({ readonly type: "answer-part"; readonly request: number } & AnswerPart)
  /** Another node asks. */
  | {
      readonly type: "question";
      readonly asker: string;
      readonly request: number;
      readonly question: Uint8Array;
    }
  | RemarkEvent
  | CutEvent
  /** The name was told of by `heard`, or nobody that was asked knows it. */
  | { readonly type: "looked-up"; readonly name: string }
  /** Answers `leave`: what was to be told has gone out. */
  | { readonly type: "left" }
  /** About once a second. */
  | { readonly type: "cluster-state"; readonly state: ClusterState };

/** What status and pages show of the cascade. */
export interface ClusterState {
  /** What this node is among the others. */
  readonly role: "core" | "edge";
  /** Ids of the secrets that this node accepts, the used one first. */
  readonly accepts: readonly string[];
  readonly links: readonly LinkState[];
  readonly pulls: readonly PullState[];
  /** What this node publishes. */
  readonly published: readonly { readonly name: string; readonly epoch: number }[];
  /** Links that could not be, newest last. */
  readonly failures: readonly LinkFailure[];
}

/** What a link has carried, in datagrams and in bytes of frames. */
export interface LinkTraffic {
  readonly datagramsIn: number;
  readonly bytesIn: number;
  readonly datagramsOut: number;
  readonly bytesOut: number;
}

export interface LinkState extends LinkTraffic {
  readonly node: string;
  readonly role: "core" | "edge";
  readonly region: string;
  readonly version: string;
  readonly url: string;
  readonly address: string;
  readonly roundTripMs: number | null;
  /** The longest datagram that its path was found to take: bytes of UDP. */
  readonly datagramBytes: number;
  readonly load: number;
  /** Of what it may give to viewers, 0..1, of which 1 takes no more; null where it does not say. */
  readonly filled: number | null;
  /** The clock of its process, and how much more that shows than ours; null where it does not say. */
  readonly clock: { readonly boot: number; readonly aheadUs: number } | null;
  /** What is wrong with it, in words; null when it is well. And how often that has begun. */
  readonly trouble: string | null;
  readonly troubles: number;
  /** Streams that come, or could come, by it, and those that are given over it. */
  readonly pulls: number;
  readonly children: number;
  /** kids of the secrets that it accepted when the link was made. */
  readonly accepts: readonly string[];
}

export interface PullState {
  readonly name: string;
  readonly epoch: number;
  readonly owner: string;
  /** Nodes that it comes by, the root first; null while nobody gives it. */
  readonly path: readonly string[] | null;
  /** Of the media that comes here since it came to the root; null while none does. */
  readonly ageMs: number | null;
  /** Packets that were missing and that another gave than the node that it is had from. */
  readonly filled: number;
  /** Layers that are sent and do not come here, as links do not carry them: rids. */
  readonly withheld: readonly string[];
  readonly parents: readonly {
    readonly node: string;
    readonly state: string;
    readonly mode: string;
  }[];
}

export interface LinkFailure {
  readonly address: string;
  readonly node: string;
  readonly reason: string;
}
