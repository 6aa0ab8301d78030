import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

interface Seed {
  readonly host: string;
  readonly port: number;
}

/**
 * All addresses of these hosts with their ports, `192.0.2.1:8300` or `[2001:db8::1]:8300`. What cannot
 * be resolved is left out: it may be another time.
 */
export async function resolveSeeds(seeds: readonly Seed[]): Promise<readonly string[]> {
  const found = await Promise.all(seeds.map(resolveSeed));
  return [...new Set(found.flat())];
}

async function resolveSeed({ host, port }: Seed): Promise<readonly string[]> {
  const literal = host.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0) return [format(literal, port)];
  try {
    const addresses = await lookup(literal, { all: true });
    return addresses.map(({ address }) => format(address, port));
  } catch {
    return [];
  }
}

function format(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
