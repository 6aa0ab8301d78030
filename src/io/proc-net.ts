/** Inodes of the sockets of a /proc/net table with this local port and state. */
export function socketInodes(table: string, port: number, state: string): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes: string[] = [];
  for (const line of table.split("\n").slice(1)) {
    // sl local_address rem_address st queues timer retransmissions uid timeout inode ...
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(suffix) && fields[3] === state) inodes.push(fields[9] ?? "");
  }
  return inodes;
}
