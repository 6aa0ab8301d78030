/** Whether what nodes send each other passes whole, as far as this machine knows the way. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Finding, fail, ok, warn } from "./finding.ts";

/**
 * The longest packets of browsers, on a link over IPv6: 1,272 bytes of frames, 28 of SRTP, 8 of UDP, 40 of
 * IPv6. Where less passes they travel in two.
 */
const WHOLE_BYTES = 1348;
/** What a link takes for granted: every way of IPv6 has it. */
const LEAST_BYTES = 1280;

/** The interface by which an address is reached, and the largest packet that it takes. */
export interface Way {
  readonly name: string;
  readonly mtu: number;
}

export function checkMtu(seed: string, way: Way | null): Finding {
  const name = `mtu to ${seed}`;
  const mend = "Raise the MTU of the interface or tunnel, or give the link another one";
  if (way === null) return warn(name, "this machine knows no way there", "Check its routes");
  const detail = `${way.mtu} bytes by ${way.name}`;
  if (way.mtu >= WHOLE_BYTES) return ok(name, `${detail}; links find out what the whole way takes`);
  if (way.mtu < LEAST_BYTES)
    return fail(name, `${detail}, ${LEAST_BYTES} needed: nothing passes that is longer`, mend);
  return warn(name, `${detail}, ${WHOLE_BYTES} wanted: long packets travel in two`, mend);
}

/** Null where there is no way. Nothing is sent. */
export async function wayTo(address: string): Promise<Way | null> {
  const local = await localAddress(address);
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((each) => each.address === local),
  );
  if (found === undefined) return null;
  const [name] = found;
  return { name, mtu: Number(readFileSync(`/sys/class/net/${name}/mtu`, "utf8")) };
}

/** By which of this machine's addresses packets would leave: a connected socket knows. */
function localAddress(address: string): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const end = (local: string | null): void => {
    socket.close();
    resolve(local);
  };
  socket.once("error", () => end(null));
  socket.connect(1, address, () => end(socket.address().address));
  return promise;
}
