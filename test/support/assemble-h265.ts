/** The units of H.265 payloads put together again (RFC 7798 4.4). */
export function assembleH265(found: readonly Buffer[]): string[] {
  const units: string[] = [];
  for (const payload of found) {
    const type = (payload[0]! >> 1) & 0x3f;
    if (type === 48) {
      for (let at = 2; at < payload.length; at += 2 + payload.readUInt16BE(at)) {
        units.push(payload.subarray(at + 2, at + 2 + payload.readUInt16BE(at)).toString("hex"));
      }
    } else if (type === 49) {
      const header = Buffer.of((payload[0]! & 0x81) | ((payload[2]! & 0x3f) << 1), payload[1]!);
      if ((payload[2]! & 0x80) !== 0) units.push(header.toString("hex"));
      units[units.length - 1] += payload.subarray(3).toString("hex");
    } else {
      units.push(payload.toString("hex"));
    }
  }
  return units;
}
