/** Inodes of the sockets of a /proc/net table with this local port and state. */
export function socketInodes(table: string, port: number, state: string): string[] {
  return rowsOf(table, port, state).map((fields) => fields[9] ?? "");
}

/** Whether there are such sockets, and all of them are bound to addresses of loopback. */
export function areOnLoopback(table: string, port: number, state: string): boolean {
  const hosts = rowsOf(table, port, state).map((fields) => fields[1]!.split(":")[0]!);
  return hosts.length > 0 && hosts.every((host) => LOOPBACK.test(host));
}

/** 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104, as words of this machine's byte order. */
const LOOPBACK = /^(?:0{16}FFFF0000)?[0-9A-F]{6}7F$|^0{24}01000000$/;

/** Fields of its lines: sl local_address rem_address st queues timer retransmissions uid timeout inode ... */
function rowsOf(table: string, port: number, state: string): string[][] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === state);
}
