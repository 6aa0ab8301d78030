/** What makes a server the node of a cluster. */

import { LINK_PORT } from "./cluster-options.ts";
import { type EtcdAccess, etcdAccess } from "./etcd.ts";
import { ConfigError } from "./file.ts";
import type { OptionKey, OptionReader } from "./options.ts";
import { type FileSource, readSecretFile } from "./secret-file.ts";
import { parseSecrets, SecretError } from "./secrets.ts";
import { formatHostPort, type HostPort } from "./values.ts";

export interface ClusterConfig {
  readonly name: string;
  readonly secretFile: string;
  /** The first is used, all are accepted. */
  readonly secrets: readonly Uint8Array[];
  /** A literal address, or a wildcard. */
  readonly link: HostPort;
  /** ADDRESS:PORT; empty: the addresses of this machine. */
  readonly advertise: readonly string[];
  /** Names or addresses. */
  readonly join: readonly HostPort[];
  readonly role: "auto" | "core" | "edge";
  /** Empty when none is said. */
  readonly region: string;
  /** Of each stream. */
  readonly childrenMax: number;
  /** To viewers, bits a second; null without a limit. */
  readonly capacity: number | null;
  /** To each node that has streams from here, bits a second; null without a limit. */
  readonly linkRate: number | null;
  /** Who decides whose a name is; null: the nodes among each other. */
  readonly names: readonly string[] | null;
  /** How to come in there; null without it. */
  readonly etcd: EtcdAccess | null;
}

/** What means nothing without a secret. */
const DEPENDENT: readonly OptionKey[] = [
  "cluster-name",
  "link",
  "link-advertise",
  "join",
  "role",
  "region",
  "children-max",
  "capacity",
  "link-rate",
  "names",
  "etcd-ca",
  "etcd-cert",
  "etcd-key",
  "etcd-user-file",
];

/** Null without a secret file; `isSet`: whether an option is more than its default. */
export function clusterOf(
  read: OptionReader,
  isSet: (key: OptionKey) => boolean,
  files: FileSource,
): ClusterConfig | null {
  const secretFile = read("cluster-secret-file");
  if (secretFile === null) {
    const alone = DEPENDENT.find(isSet);
    if (alone === undefined) return null;
    throw new ConfigError(`cluster-secret-file: is missing, ${alone} needs it`);
  }
  const link = read("link")!;
  const names = read("names");
  return {
    name: read("cluster-name")!,
    secretFile,
    secrets: secretsOf(secretFile, files),
    link,
    advertise: advertised(read, link),
    join: (read("join") ?? []).map(({ host, port }) => ({ host, port: port ?? LINK_PORT })),
    role: read("role")!,
    region: read("region") ?? "",
    childrenMax: read("children-max")!,
    capacity: read("capacity"),
    linkRate: read("link-rate"),
    names,
    etcd: etcdAccess(names, read, files),
  };
}

/** Throws a ConfigError when the link's port is one of `media`'s, of which there are `count`. */
export function checkLinkPort(link: HostPort, media: HostPort, count: number): void {
  const last = media.port + count - 1;
  if (media.port === 0 || link.port < media.port || link.port > last) return;
  const isWildcard = [media.host, link.host].some((host) => host === "0.0.0.0" || host === "::");
  if (media.host !== link.host && !isWildcard) return;
  throw new ConfigError(`link: port ${link.port} is one of media's (${media.port} to ${last})`);
}

function secretsOf(path: string, files: FileSource): readonly Uint8Array[] {
  const text = readSecretFile("cluster-secret-file", path, files);
  try {
    return parseSecrets(text);
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    throw new ConfigError(`cluster-secret-file: ${path}: ${error.message}`);
  }
}

function advertised(read: OptionReader, link: HostPort): readonly string[] {
  return (read("link-advertise") ?? []).map(({ host, port }) => {
    const told = port ?? link.port;
    if (told === 0) throw new ConfigError(`link-advertise: ${host} needs a port, link has none`);
    return formatHostPort(host, told);
  });
}
