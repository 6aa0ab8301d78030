/** What etcd is asked about names, and what it says. */

/** A process of a node. */
export interface Owner {
  /** 32 hex digits. */
  readonly node: string;
  /** Drawn once a process. */
  readonly boot: number;
}

/** The value of a name's key: one claim of one process. */
export interface Claimed extends Owner {
  /** Counts the claims of the process: what comes late of an earlier one is told from this one. */
  readonly serial: number;
}

/** What stands at a name's key. */
export interface Holding {
  /** Null for a value that no node has written. */
  readonly by: Claimed | null;
  readonly modRevision: number;
}

/** About the lease that all claims of this process hang on. */
export type LeaseCall =
  | { readonly type: "grant" }
  | { readonly type: "renew"; readonly lease: string }
  /** Which names' keys hang on it. */
  | { readonly type: "list"; readonly lease: string };

/** About one name. */
export type NameCall = { readonly name: string } & (
  | { readonly type: "create"; readonly claim: Claimed; readonly lease: string }
  /** In the place of what was last changed at revision `over`. */
  | {
      readonly type: "replace";
      readonly claim: Claimed;
      readonly lease: string;
      readonly over: number;
    }
  /** Asks the node that has it whether it still does: it answers by `confirm`, or not. */
  | { readonly type: "ask"; readonly node: string; readonly by: string; readonly lease: string }
  /** Writes the claim once more, so that nobody replaces what was there before. */
  | { readonly type: "confirm"; readonly claim: Claimed; readonly lease: string }
  | { readonly type: "read" }
  /** Takes it away if it was last changed at revision `over`. */
  | { readonly type: "drop"; readonly over: number }
);

export type Call = LeaseCall | NameCall;

export type LeaseAnswer = {
  readonly type: "lease";
  /** Null when there is none any more. */
  readonly lease: string | null;
};

export interface KeyAnswer {
  readonly type: "key";
  /** It was as the call wanted it, and is now as it says. */
  readonly done: boolean;
  /** Of the whole store. */
  readonly revision: number;
  /** What is there if it was not done, and what was read; null for nothing. */
  readonly holding: Holding | null;
}

export type Answer =
  | LeaseAnswer
  | KeyAnswer
  | { readonly type: "names"; readonly names: readonly string[] }
  /** The lease of the call is there no more; nothing was done. */
  | { readonly type: "lease-gone" };
