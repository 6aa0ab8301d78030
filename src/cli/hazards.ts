/** What lays secrets open or gives the server more power than it needs; told at start and by doctor. */
import { dirname } from "node:path";
import type { Config, Provenance } from "../config.ts";

export interface Hazard {
  readonly name: "root" | "files" | "flags";
  readonly detail: string;
  /** What to do about it. */
  readonly mend: string;
}

/** Permission bits and owner of a path. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

export interface HazardParts {
  readonly config: Config;
  readonly provenance: Provenance;
  /** Of the process. */
  readonly uid: number;
  /** The token of the first start, where there is one. */
  readonly tokenFile: string | null;
  /** Null when the path is not there. */
  readonly stat: (path: string) => Ownership | null;
}

interface Watched {
  readonly path: string;
  readonly what: string;
  /** Nobody else may read it either. */
  readonly secret: boolean;
}

const OTHERS_READ = 0o004;
/** By the group, too: whoever writes tokens and keys decides who may do what. */
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

export function hazards(parts: HazardParts): readonly Hazard[] {
  const found: Hazard[] = [];
  if (parts.uid === 0) {
    found.push({
      name: "root",
      detail: "the server runs as root, and needs none of that",
      mend: "run it as a user of its own: spillway install makes a systemd unit that does",
    });
  }
  if (parts.provenance.hookSecretFlag) {
    found.push({
      name: "flags",
      detail: "--hook-secret: every user of this machine sees it in the list of processes",
      mend: "use --hook-secret-file, the configuration file or SPILLWAY_HOOK_SECRET",
    });
  }
  for (const file of watchedFiles(parts)) {
    found.push(...fileHazards(file, parts));
  }
  return found;
}

function watchedFiles({ config, provenance, tokenFile }: HazardParts): readonly Watched[] {
  const { tokens, keys } = config.auth;
  const holdsSecrets =
    tokens.some(({ token }) => token !== undefined) ||
    keys.some(({ secret }) => secret !== undefined) ||
    config.iceServers.some(({ credential }) => credential !== undefined) ||
    (config.hook !== null && config.hook.secret !== null && provenance.hookSecretFile === null);
  const files: (Watched | null)[] = [
    watch(provenance.configFile, "configuration", holdsSecrets),
    watch(tokenFile, "token of the first start", true),
    watch(provenance.hookSecretFile, "hook secret", true),
    watch(config.cluster?.secretFile, "cluster secret", true),
    watch(config.cluster?.etcd?.keyFile, "etcd key", true),
    watch(config.cluster?.etcd?.userFile, "etcd user", true),
    watch(config.tls?.certFile, "TLS certificate", false),
    watch(config.tls?.keyFile, "TLS key", true),
    ...keys.map(({ jwks, alg }) => watch(jwks, "JWKS file", alg === "HS256")),
  ];
  return files.filter((file) => file !== null);
}

function watch(path: string | null | undefined, what: string, secret: boolean): Watched | null {
  return path === null || path === undefined ? null : { path, what, secret };
}

function fileHazards({ path, what, secret }: Watched, parts: HazardParts): readonly Hazard[] {
  const file = parts.stat(path);
  if (file === null) return [];
  const found: Hazard[] = [];
  const add = (detail: string, mend: string) => found.push({ name: "files", detail, mend });
  const named = `${what} ${path}`;
  const bits = (file.mode & 0o777).toString(8);
  if ((file.mode & OTHERS_WRITE) !== 0) {
    add(`${named}: others may write it (mode ${bits})`, `chmod go-w ${path}`);
  }
  if (secret && (file.mode & OTHERS_READ) !== 0) {
    add(`${named}: everybody may read it (mode ${bits})`, `chmod o-rwx ${path}`);
  }
  if (file.uid !== 0 && file.uid !== parts.uid) {
    add(`${named}: another user owns it (uid ${file.uid})`, `chown root ${path}`);
  }
  // Who may write the folder may put another file in its place.
  const folder = dirname(path);
  const above = parts.stat(folder);
  if (above !== null && (above.mode & OTHERS_WRITE) !== 0 && (above.mode & STICKY) === 0) {
    add(`${named}: others may replace it in its folder`, `chmod go-w ${folder}`);
  }
  return found;
}
