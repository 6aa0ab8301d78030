import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { libc, MSG_DONTWAIT } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

/** One datagram at a time to any of many sockets: for clients, whose own packets are few. */
export class DatagramSender {
  /** The datagram is written here, from byte 0 on. */
  readonly region: Region = pinnedRegion(DATAGRAM_BYTES_MAX);
  /** Datagrams that the kernel did not take. */
  errors = 0;
  private readonly name = pinnedRegion(32);

  send(fd: number, sockaddr: Uint8Array, length: number): void {
    this.name.bytes.set(sockaddr);
    const from = addressOf(this.region, 0, length);
    const to = addressOf(this.name, 0, sockaddr.length);
    const sent = libc.sendto(fd, from, length, MSG_DONTWAIT, to, sockaddr.length);
    if (sent !== length) this.errors += 1;
  }
}
