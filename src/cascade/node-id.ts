/** Node ids: 16 bytes on the wire, 32 hex digits everywhere else. */
export type NodeId = string;

export function nodeIdOf(bytes: Uint8Array): NodeId {
  return Buffer.from(bytes).toString("hex");
}

export function nodeBytes(id: NodeId): Uint8Array {
  return new Uint8Array(Buffer.from(id, "hex"));
}
