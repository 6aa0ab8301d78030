/** How a node comes into etcd, where that decides whose a name is. */
import { messageOf } from "../errors.ts";
import { ConfigError } from "./file.ts";
import type { OptionKey, OptionReader } from "./options.ts";
import { type FileSource, readSecretFile } from "./secret-file.ts";

export interface EtcdAccess {
  /** Texts of PEM files; null for the system's certificates, and without one of our own. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly user: { readonly name: string; readonly password: string } | null;
  /** Files that hold secrets. */
  readonly keyFile: string | null;
  readonly userFile: string | null;
}

/** Null without etcd. Throws a ConfigError for what does not fit together. */
export function etcdAccess(
  urls: readonly string[] | null,
  read: OptionReader,
  files: FileSource,
): EtcdAccess | null {
  const [caFile, certFile] = [read("etcd-ca"), read("etcd-cert")];
  const [keyFile, userFile] = [read("etcd-key"), read("etcd-user-file")];
  const secure = { "etcd-ca": caFile, "etcd-cert": certFile, "etcd-key": keyFile };
  if (urls === null) refuse({ ...secure, "etcd-user-file": userFile }, "names is mesh");
  if (urls?.[0]?.startsWith("https:") !== true) refuse(secure, "names is not etcds://");
  if ((certFile === null) !== (keyFile === null)) {
    const [missing, other] =
      certFile === null ? ["etcd-cert", "etcd-key"] : ["etcd-key", "etcd-cert"];
    throw new ConfigError(`${missing}: is missing, ${other} needs it`);
  }
  if (urls === null) return null;
  return {
    ca: caFile === null ? null : readPem("etcd-ca", caFile, files),
    cert: certFile === null ? null : readPem("etcd-cert", certFile, files),
    key: keyFile === null ? null : readSecretFile("etcd-key", keyFile, files),
    user: userFile === null ? null : userOf(userFile, files),
    keyFile,
    userFile,
  };
}

function refuse(given: Partial<Record<OptionKey, string | null>>, why: string): void {
  for (const [key, value] of Object.entries(given)) {
    if (value !== null) throw new ConfigError(`${key}: is set, and ${why}`);
  }
}

function readPem(key: OptionKey, path: string, { readFile }: FileSource): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw new ConfigError(`${key}: ${messageOf(error)}`);
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new ConfigError(`${key}: ${path} has no certificate (PEM)`);
}

/** The message is without what stands in the file. */
function userOf(path: string, files: FileSource): EtcdAccess["user"] {
  const text = readSecretFile("etcd-user-file", path, files).replace(/\r?\n$/, "");
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1 || /[\r\n]/.test(text)) {
    throw new ConfigError(`etcd-user-file: ${path} is not one line USER:PASSWORD`);
  }
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
