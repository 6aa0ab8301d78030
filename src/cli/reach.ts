/** Who can reach a server at all, whatever it then allows. */
import { isLoopback } from "../config/values.ts";
import type { Config } from "../config.ts";

export interface Reach {
  readonly detail: string;
  /** How to open it to others, in one line. */
  readonly mend: string;
}

/** Null when others can reach it, by its own address or by a proxy that it was told of. */
export function reachOf(config: Config): Reach | null {
  const { http, trustedProxies, publicUrl } = config;
  if (!isLoopback(http.host) || trustedProxies.length > 0 || publicUrl !== null) return null;
  return {
    detail: "reached from this machine only",
    mend: `http = "0.0.0.0:${http.port}" for all (a token is then asked for), or a proxy: trusted-proxy and public-url`,
  };
}
