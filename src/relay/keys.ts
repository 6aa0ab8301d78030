import { Keyring } from "../cascade/keyring.ts";
import type { KnockKey, KnockKeys } from "../peer/knock.ts";

/** Addresses of which it is remembered how they were knocked at last. */
const ADDRESSES_MAX = 1024;
/** Keys of others that are remembered, and how often one comes until it is no accident. */
const STRANGERS_MAX = 16;
const STRANGE_KNOCKS_MIN = 3;

/** The cluster's secrets as whoever knocks must know one. */
export class RelayKeys implements KnockKeys {
  /** Null before control has told them: nobody is let in. */
  keyring: Keyring | null = null;
  /** By address: whether the next knock is one without the cluster's name. */
  readonly #nameless = new Map<string, boolean>();
  /** Keys that are none of ours, and how often somebody knocked with each; the oldest first. */
  readonly #strangers = new Map<string, number>();

  set(cluster: string, secrets: readonly Uint8Array[]): Keyring {
    this.keyring = new Keyring(cluster, secrets);
    this.#strangers.clear();
    return this.keyring;
  }

  /** Names of all of them, the used one first. */
  get kids(): readonly string[] {
    return this.keyring?.all.map(({ kid }) => kid) ?? [];
  }

  knockKey(kid: string): KnockKey | null {
    const keys = this.keyring?.byKid(kid) ?? null;
    if (keys !== null) return { kid: keys.kid, key: keys.knock };
    this.#noteStranger(kid);
    return null;
  }

  /**
   * The key that this node knocks with there. Where nobody answers it is every other time one without
   * the cluster's name; where somebody did, it is of the same kind again.
   */
  toKnock(address: string): KnockKey | null {
    const { keyring } = this;
    if (keyring === null) return null;
    const nameless = this.#nameless.get(address) ?? false;
    if (this.#nameless.size >= ADDRESSES_MAX) this.#nameless.clear();
    this.#nameless.set(address, !nameless);
    return this.knockKey((nameless ? keyring.nameless[0]! : keyring.first).kid);
  }

  /** Somebody there has answered. */
  answered(address: string): void {
    this.#nameless.set(address, !this.#nameless.get(address));
  }

  /** Keys of others that somebody has knocked with for some time, each told once. */
  takeStrangers(): readonly string[] {
    const told = [...this.#strangers].filter(([, knocks]) => knocks === STRANGE_KNOCKS_MIN);
    for (const [kid] of told) this.#strangers.set(kid, STRANGE_KNOCKS_MIN + 1);
    return told.map(([kid]) => kid);
  }

  #noteStranger(kid: string): void {
    const knocks = this.#strangers.get(kid) ?? 0;
    if (knocks < STRANGE_KNOCKS_MIN) this.#strangers.set(kid, knocks + 1);
    if (this.#strangers.size <= STRANGERS_MAX) return;
    for (const oldest of this.#strangers.keys()) {
      this.#strangers.delete(oldest);
      return;
    }
  }
}
