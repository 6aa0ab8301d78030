/** Who can reach a server at all, whatever it then allows. */
import { type Config, isForThisMachine } from "../config.ts";

export interface Reach {
  readonly detail: string;
  /** How to open it to others, in one line. */
  readonly mend: string;
}

/** Null when others can reach it, by its own address or by a proxy that it was told of. */
export function reachOf(config: Config): Reach | null {
  if (!isForThisMachine(config)) return null;
  return {
    detail: "reached from this machine only",
    mend: `http = "0.0.0.0:${config.http.port}" for all (a token is then asked for), or a proxy: trusted-proxy and public-url`,
  };
}
