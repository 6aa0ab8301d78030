/** A service that others reach: its configuration, what that names, and the tokens that open it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Config, exampleConfig, type FileSettings } from "../config.ts";
import { messageOf } from "../errors.ts";
import { type AccessToken, accessTokens, tokenFiles, tokenTables } from "./access-tokens.ts";
import { UsageError } from "./command.ts";
import { readFlags } from "./configuration.ts";
import { type Given, option } from "./given.ts";
import { type InstalledFile, isInTheWay } from "./install-files.ts";
import { readTls } from "./listener.ts";
import { portOf } from "./public-url.ts";
import { CONFIG_FILE } from "./unit.ts";

export interface PublicService {
  /** As others reach it: scheme, host and port. */
  readonly publicUrl: string;
  /** With files where they are now. */
  readonly config: Config;
  readonly copies: readonly Copy[];
  readonly files: readonly InstalledFile[];
  readonly tokens: readonly AccessToken[];
}

/** A file that the service cannot read where it is, and its copy that it can. */
interface Copy {
  readonly key: string;
  readonly from: string;
  readonly path: string;
}

export const PUBLIC_OPTIONS = [
  option("public-url", "URL", "As others reach the service: https://live.example.com."),
  option("tls-cert", "FILE", "Its certificate chain (PEM), of which the service gets a copy."),
  option("tls-key", "FILE", "The private key (PEM) of the certificate."),
  option("behind-proxy", "", "Instead of those: a proxy on this machine has the certificate."),
  option("cluster-secret-file", "FILE", "Makes it a node of a cluster; copied, too."),
  option("join", "HOST[:PORT],...", "Nodes of the cluster to begin with."),
] as const;

/** Files that are copied to where the service may read them, whoever else may not. */
const COPIES: Readonly<Record<string, string>> = {
  "tls-cert": "tls.crt",
  "tls-key": "tls.key",
  "cluster-secret-file": "cluster.secret",
};
/** For root and CONFIG_GROUP. */
const FILE_MODE = 0o640;
const FOLDER = dirname(CONFIG_FILE);
/** Another one where the proxy itself has the first. */
const PROXIED_PORTS = [8080, 8081];

/**
 * What is to be written below `root`; null where no URL is given. Throws a UsageError when the service
 * would not start with it or when something else is there already. Writes nothing.
 */
export function publicService(given: Given, root: string): PublicService | null {
  const url = given.text("public-url");
  if (url === undefined) {
    const alone = PUBLIC_OPTIONS.find(({ flag }) => given.has(flag.slice(2)));
    if (alone === undefined) return null;
    throw new UsageError(`install: ${alone.flag} needs --public-url`);
  }
  const publicUrl = readFlags([`--public-url=${url}`]).publicUrl!;
  const settings = settingsOf(given, publicUrl);
  const config = readFlags(flagsOf(settings));
  readTls(config);
  const copies = copiesOf(settings);
  const tokens = accessTokens(root);
  const placed = Object.fromEntries(copies.map(({ key, path }) => [key, path]));
  const text = exampleConfig({ ...settings, ...placed }) + tokenTables(tokens);
  const files: readonly InstalledFile[] = [
    ...copies.map(fileOf),
    { path: CONFIG_FILE, text, mode: FILE_MODE, replaces: [exampleConfig()] },
  ];
  for (const file of files) {
    if (!isInTheWay(file, root)) continue;
    throw new UsageError(
      `${root}${file.path}: exists, and says something else: move it away, or change it by hand`,
    );
  }
  return { publicUrl, config, copies, files: [...tokenFiles(tokens), ...files], tokens };
}

function settingsOf(given: Given, url: string): FileSettings {
  const secure = new URL(url).protocol === "https:";
  const proxied = given.on("behind-proxy");
  const [cert, key] = [given.file("tls-cert"), given.file("tls-key")];
  const hasTls = cert !== undefined || key !== undefined;
  if (proxied && hasTls) {
    throw new UsageError("install: --behind-proxy: the proxy has the certificate, not --tls-cert");
  }
  if (hasTls && !secure) {
    throw new UsageError(`install: --tls-cert: --public-url begins with https:// then, not ${url}`);
  }
  if (secure && !proxied && !hasTls) {
    throw new UsageError(
      "install: --public-url: https needs --tls-cert and --tls-key, or --behind-proxy (Caddy fetches certificates itself)",
    );
  }
  return {
    http: proxied
      ? `127.0.0.1:${PROXIED_PORTS.find((port) => port !== portOf(url))}`
      : `0.0.0.0:${portOf(url)}`,
    "trusted-proxy": proxied ? ["127.0.0.1", "::1"] : undefined,
    "public-url": url,
    "tls-cert": cert,
    "tls-key": key,
    "cluster-secret-file": given.file("cluster-secret-file"),
    join: given.text("join")?.split(","),
  };
}

/** So that what is wrong is told as it was given. */
function flagsOf(settings: FileSettings): string[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    value === undefined ? [] : [`--${key}=${typeof value === "string" ? value : value.join(",")}`],
  );
}

/** What stands beside the configuration already may be read there. */
function copiesOf(settings: FileSettings): readonly Copy[] {
  return Object.entries(COPIES).flatMap(([key, name]) => {
    const from = settings[key];
    if (typeof from !== "string" || dirname(from) === FOLDER) return [];
    return [{ key, from, path: join(FOLDER, name) }];
  });
}

function fileOf({ key, from, path }: Copy): InstalledFile {
  try {
    return { path, text: readFileSync(from, "utf8"), mode: FILE_MODE, replaces: [] };
  } catch (error) {
    throw new UsageError(`--${key}: ${messageOf(error)}`);
  }
}
