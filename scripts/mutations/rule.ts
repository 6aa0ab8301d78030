/** One rule of WHIP or WHEP and the small change that switches it off. */
export interface Mutation {
  /** Ids of references/whip-whep.md whose tests must fail. */
  readonly ids: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly search: string;
  readonly replace: string;
  /** The tests that see it run the executable, which is then built anew. */
  readonly binary?: boolean;
}

export const CONTROL = "src/control/";
export const SDP = "src/sdp/";
export const PEER = "src/peer/";

export function rule(
  ids: string,
  file: string,
  search: string,
  replace: string,
  where: Pick<Mutation, "binary"> = {},
): Mutation {
  return { ids, file, search, replace, ...where };
}
