/** Bytes of hex digits; spaces and line ends are ignored. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replace(/\s+/g, ""));
}
