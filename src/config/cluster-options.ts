/** The options of a node of a cluster; OPTIONS has them with all others. */
import { z } from "zod";
import { NODE_ADDRESSES_MAX, NODE_TEXT_MAX, SEEDS_MAX } from "../limits.ts";
import { names } from "./names.ts";
import { addressPort, bitrate, integer, machines, word } from "./values.ts";

/** Where other nodes are reached unless it is said. */
export const LINK_PORT = 8300;

export const CLUSTER_OPTIONS = {
  "cluster-secret-file": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Makes this server a node of a cluster: whoever has the secret is a member; re-read on SIGHUP.",
  },
  "cluster-name": {
    schema: word(NODE_TEXT_MAX),
    default: "spillway",
    value: "NAME",
    help: "Nodes of another name are refused, whatever their secret.",
  },
  link: {
    schema: addressPort,
    default: `0.0.0.0:${LINK_PORT}`,
    value: "ADDRESS:PORT",
    help: "UDP port where other nodes reach this one.",
  },
  "link-advertise": {
    schema: machines(NODE_ADDRESSES_MAX, false),
    default: "",
    value: "ADDRESS[:PORT],...",
    help: "Where they are told to reach it, instead of this machine's addresses (NAT, floating IP).",
  },
  join: {
    schema: machines(SEEDS_MAX, true),
    default: "",
    value: "HOST[:PORT],...",
    help: `Nodes to begin with; any one that is up will do. Their port is ${LINK_PORT} unless it is said.`,
  },
  role: {
    schema: z.enum(["auto", "core", "edge"]),
    default: "auto",
    value: "ROLE",
    help: "auto, core or edge: a core keeps a link to every core, an edge to three. auto: a core where there are fewer than 16.",
  },
  region: {
    schema: word(NODE_TEXT_MAX),
    default: "",
    value: "NAME",
    help: "Nodes of the same one are asked first for a stream.",
  },
  "children-max": {
    schema: integer(1, 1024),
    default: "64",
    value: "N",
    help: "Nodes that one stream is sent to from here.",
  },
  capacity: {
    schema: bitrate,
    default: "",
    value: "BITS/S",
    help: "What viewers are sent from here at most, all together; who comes beyond that goes to another node.",
  },
  "link-rate": {
    schema: bitrate,
    default: "",
    value: "BITS/S",
    help: "What another node is sent from here at most; it is told who else may give it the rest.",
  },
  names: {
    schema: names,
    default: "mesh",
    value: "mesh|etcd[s]://HOST:PORT,...",
    help: "Who decides whose a stream's name is: the nodes among each other, or etcd. Alike on all nodes.",
  },
  "etcd-ca": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Certificates (PEM) by which etcd's are checked, instead of the system's; re-read on SIGHUP.",
  },
  "etcd-cert": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Certificate chain (PEM) that etcd is shown; re-read on SIGHUP.",
  },
  "etcd-key": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Private key (PEM) of that certificate.",
  },
  "etcd-user-file": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Holds USER:PASSWORD, where etcd asks for them; re-read on SIGHUP.",
  },
} as const;
