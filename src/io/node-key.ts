/**
 * The key that a node is known by: made once, then kept in the folder of its state. The certificate that
 * it shows to other nodes is made with it, so that the handshake proves who it is.
 */
import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { nodeIdOf } from "../peer/fingerprint.ts";
import {
  type Certificate,
  createCertificate,
  createKey,
  pemOf,
  publicKeyOf,
} from "./certificate.ts";

export interface NodeIdentity {
  /** For WorkerSetup.certificate of a worker with links; new at each start. */
  readonly certificate: Certificate;
  /** 16 bytes, of the key. */
  readonly nodeId: Uint8Array;
}

const NAME = "node-key.pem";
const CURVE = "prime256v1";
/** A PEM of such a key has 241 bytes. */
const FILE_BYTES_MAX = 4096;
/** Permissions of anybody but the owner. */
const OTHERS = 0o077;

/**
 * The node's key in `folder`, made when there is none, with a certificate. Throws an Error of one line
 * when the key cannot be read or made, is of another kind, or can be read by others.
 */
export function openNodeIdentity(folder: string): NodeIdentity {
  const path = join(folder, NAME);
  try {
    return identityOf(loadKey(path) ?? makeKey(folder, path));
  } catch (error) {
    throw new Error(`The node's key ${path}: ${messageOf(error).split("\n")[0]}`);
  }
}

/** One for this process alone. */
export function passingNodeIdentity(): NodeIdentity {
  return identityOf(createKey());
}

function identityOf(key: KeyObject): NodeIdentity {
  return {
    certificate: createCertificate(new Date(), key),
    nodeId: nodeIdOf(publicKeyOf(key)),
  };
}

/** Null when there is none. */
function loadKey(path: string): KeyObject | null {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return readKey(fd);
  } finally {
    closeSync(fd);
  }
}

function readKey(fd: number): KeyObject {
  // Of the open file: what stands at the path may be another one by now.
  const stat = fstatSync(fd);
  const mode = stat.mode & 0o777;
  if (!stat.isFile() || stat.size > FILE_BYTES_MAX) throw new Error("this is no file of a key");
  if ((mode & OTHERS) !== 0) {
    throw new Error(`others may use it (mode ${mode.toString(8)}): chmod 600 it`);
  }
  const key = parseKey(readFileSync(fd, "utf8"));
  if (key?.asymmetricKeyDetails?.namedCurve !== CURVE) {
    throw new Error("this is no EC key of P-256 in PEM");
  }
  return key;
}

function parseKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    // What a library says of it is no line for a log.
    return null;
  }
}

/**
 * Written beside its place and then linked there: a crash leaves no half of a key, and of two processes
 * that begin at once both have the one that was first.
 */
function makeKey(folder: string, path: string): KeyObject {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomUUID()}`;
  const fd = openSync(beside, "wx", 0o600);
  try {
    writeFileSync(fd, pemOf(createKey()));
    fsyncSync(fd);
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(fd);
    unlinkSync(beside);
  }
  const key = loadKey(path);
  if (key === null) throw new Error("it is gone again");
  return key;
}
