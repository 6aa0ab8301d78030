/** Whether what nodes send each other passes whole, as far as this machine knows the way. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** A full datagram of a link over IPv6: 1,344 bytes of frames, 28 of SRTP, 8 of UDP, 40 of IPv6. */
const FULL_BYTES = 1420;
/** Every way of IPv6 carries so many; below that no video of a browser passes. */
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
  if (way.mtu >= FULL_BYTES) return ok(name, `${detail}; routers on the way may take less`);
  if (way.mtu < LEAST_BYTES) return fail(name, `${detail}: media does not pass`, mend);
  return warn(
    name,
    `${detail}, ${FULL_BYTES} wanted: packets that are longer are lost or cut`,
    mend,
  );
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
