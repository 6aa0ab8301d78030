/** Media by TCP: who is let in, how a connection is fed, and what of media that is late is left out. */

import { CONTROL, type Mutation, rule } from "./rule.ts";

export const TCP: readonly Mutation[] = [
  rule(
    "tcp-door",
    `${CONTROL}plane/acceptor.ts`,
    "others >= PENDING_CONNECTIONS_PER_ADDRESS",
    "others > 1e9",
  ),
  rule(
    "tcp-door",
    `${CONTROL}plane/acceptor.ts`,
    "now - pending.since < FIRST_FRAME_US",
    "now >= 0",
  ),
  rule(
    "tcp-door",
    `${CONTROL}plane/acceptor.ts`,
    "message.class !== StunClass.request",
    "message.class === StunClass.indication",
  ),
  rule(
    "tcp-door",
    `${CONTROL}plane/tcp-door.ts`,
    "session.connections >= CONNECTIONS_PER_SESSION",
    "session.connections >= 1e9",
  ),
  rule("tcp-door", `${CONTROL}plane/tcp-door.ts`, "    this.#given.delete(fd);\n", ""),
  rule(
    "tcp-line",
    "src/host/connection.ts",
    "now - this.since >= TCP_STALL_US",
    "now - this.since >= 1e9",
  ),
  rule("tcp-line", "src/host/connection.ts", "if (this.#moved || this.since", "if (this.since"),
  rule("tcp-line", "src/host/connection.ts", "      this.stalled = this.over;\n", ""),
  rule(
    "tcp-line",
    "src/host/connections.ts",
    "cutFrames(bytes, at, end, DATAGRAM_BYTES_MAX, this.#take)",
    "cutFrames(bytes, at, end, 65_535, this.#take)",
  ),
  rule(
    "tcp-line",
    "src/host/connections.ts",
    "now - connection.openedAt >= FIRST_FRAME_US && ",
    "now < 0 && ",
  ),
  rule(
    "tcp-line",
    "src/host/connection-ends.ts",
    "peer?.path?.via === connection",
    "peer === null",
  ),
  rule("tcp-line", "src/peer/peer-table.ts", "    entry.peer.ice.lose(path);\n", ""),
  rule(
    "tcp-line",
    "src/io/tcp-socket.ts",
    "NOTSENT_BYTES_MAX - unsentBytes(fd)",
    "NOTSENT_BYTES_MAX",
  ),
  rule(
    "tcp-late",
    "src/egress/track-start.ts",
    "!pace.lags(receipt, now) || output.frameOpen",
    "!pace.lags(receipt, now)",
  ),
  rule(
    "tcp-late",
    "src/egress/track-start.ts",
    "this.lagged ? this.track.link",
    "false ? this.track.link",
  ),
  rule(
    "tcp-late",
    "src/egress/track-start.ts",
    "!this.track.link.byStream && !this.goesOn",
    "!this.goesOn",
  ),
  rule(
    "tcp-late",
    "src/egress/catch-up-pace.ts",
    "now - receipt > this.#lagFirst + TCP_LAG_MAX_US",
    "now < 0",
  ),
  rule("tcp-late", "src/egress/adaptation.ts", "this.backlogUs < TCP_SLOW_US", "now >= 0"),
];
