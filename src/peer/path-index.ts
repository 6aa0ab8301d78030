import { AF_INET, type Path, samePath, type Transport } from "../wire/path.ts";

/** Words of a hash key. */
const KEY_WORDS = 2;

interface Node<T> {
  readonly path: Path;
  readonly owner: T;
  next: Node<T> | null;
}

/**
 * Who lives at which path. IPv6 addresses are found by a hash that nobody can foresee who has not
 * seen the key (HalfSipHash-1-3): a client chooses 64 bits of its address and more. Paths of one
 * hash stand in one bucket, where the address itself decides.
 */
export class PathIndex<T> {
  readonly #key = new Int32Array(KEY_WORDS);
  readonly #buckets = new Map<number, Node<T>>();

  /** `random` fills its argument; once, for the key. */
  constructor(random: (out: Uint8Array) => void) {
    random(new Uint8Array(this.#key.buffer));
  }

  /** The owner of exactly this transport and address; null when nobody lives there. */
  find(via: Transport, sockaddr: Uint8Array, offset: number): T | null {
    let node = this.#buckets.get(this.hash(sockaddr, offset)) ?? null;
    while (node !== null && !samePath(node.path, via, sockaddr, offset)) node = node.next;
    return node === null ? null : node.owner;
  }

  /** Nobody may live at `path` yet. */
  add(path: Path, owner: T): void {
    const hash = this.hash(path.sockaddr, 0);
    this.#buckets.set(hash, { path, owner, next: this.#buckets.get(hash) ?? null });
  }

  /** Forgets `path`, whoever lives there. */
  remove(path: Path): void {
    const hash = this.hash(path.sockaddr, 0);
    let before: Node<T> | null = null;
    let node = this.#buckets.get(hash) ?? null;
    while (node !== null && !samePath(node.path, path.via, path.sockaddr, 0)) {
      before = node;
      node = node.next;
    }
    if (node === null) return;
    if (before !== null) before.next = node.next;
    else if (node.next !== null) this.#buckets.set(hash, node.next);
    else this.#buckets.delete(hash);
  }

  /**
   * IPv4: address and port, exact in 48 bits. IPv6: negative, so that none equals those. The few
   * transports that one address comes by share a bucket.
   */
  protected hash(bytes: Uint8Array, offset: number): number {
    const port = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
    if (bytes[offset] === AF_INET) {
      const address = (word(bytes, offset + 4) >>> 0) * 65536;
      return address + port;
    }
    return -(hashAddress(this.#key, port, bytes, offset + 8) >>> 0) - 1;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** HalfSipHash-1-3 of `first` and the 16 bytes at `at`, 32 bits (Aumasson and Bernstein). */
function hashAddress(key: Int32Array, first: number, bytes: Uint8Array, at: number): number {
  let a = key[0]!;
  let b = key[1]!;
  let c = 0x6c796765 ^ key[0]!;
  let d = 0x74656462 ^ key[1]!;
  // Five words of the message, its length, three rounds to finish.
  for (let round = 0; round < 9; round += 1) {
    const last = round === 5 ? 20 << 24 : 0;
    const part = round === 0 ? first : round < 5 ? word(bytes, at + 4 * (round - 1)) : last;
    if (round === 6) c ^= 0xff;
    d ^= part;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= part;
  }
  return b ^ d;
}
