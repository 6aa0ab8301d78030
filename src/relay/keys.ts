import { Keyring } from "../cascade/keyring.ts";
import type { KnockKey, KnockKeys } from "../peer/knock.ts";

/** The cluster's secrets as whoever knocks must know one. */
export class RelayKeys implements KnockKeys {
  /** Null before control has told them: nobody is let in. */
  keyring: Keyring | null = null;

  set(cluster: string, secrets: readonly Uint8Array[]): Keyring {
    this.keyring = new Keyring(cluster, secrets);
    return this.keyring;
  }

  /** Names of all of them, the used one first. */
  get kids(): readonly string[] {
    return this.keyring?.all.map(({ kid }) => kid) ?? [];
  }

  knockKey(kid: string): KnockKey | null {
    const keys = this.keyring?.byKid(kid) ?? null;
    return keys === null ? null : { kid: keys.kid, key: keys.knock };
  }

  /** The key that this node knocks with itself. */
  get first(): KnockKey | null {
    return this.keyring === null ? null : this.knockKey(this.keyring.first.kid);
  }
}
