/** A range of IPv4 or IPv6 addresses. IPv4 is held as IPv4-mapped IPv6 (RFC 4291 2.5.5.2). */
export interface Cidr {
  /** 16 bytes. */
  readonly network: Uint8Array;
  /** 0 to 128. */
  readonly prefix: number;
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; null when it is neither. */
export function parseCidr(text: string): Cidr | null {
  const [address = "", bits, ...rest] = text.split("/");
  const network = parseAddress(address);
  if (network === null || rest.length > 0) return null;
  const width = address.includes(":") ? 128 : 32;
  if (bits === undefined) return { network, prefix: 128 };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) return null;
  return { network, prefix: Number(bits) + 128 - width };
}

/** Whether `address` lies in one of the ranges; false for text that is no address. */
export function inRanges(address: string, ranges: readonly Cidr[]): boolean {
  if (ranges.length === 0) return false;
  const bytes = parseAddress(address);
  return bytes !== null && ranges.some((range) => contains(range, bytes));
}

/** 16 bytes, or null when the text is no literal address. A zone (`%eth0`) is dropped. */
export function parseAddress(text: string): Uint8Array | null {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  return bare.includes(":") ? parseIpv6(bare) : parseIpv4(bare);
}

function contains(range: Cidr, bytes: Uint8Array): boolean {
  let bits = range.prefix;
  for (let i = 0; bits > 0; i += 1, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if (((bytes[i]! ^ range.network[i]!) & mask) !== 0) return false;
  }
  return true;
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(16);
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  for (let i = 0; i < 4; i += 1) {
    const part = parts[i]!;
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[12 + i] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const four = parseIpv4(dotted[2]!);
    if (four === null) return null;
    const high = ((four[12]! << 8) | four[13]!).toString(16);
    source = `${dotted[1]}${high}:${((four[14]! << 8) | four[15]!).toString(16)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return null;
  const head = halves[0] === "" ? [] : halves[0]!.split(":");
  const tail = halves[1] === undefined || halves[1] === "" ? [] : halves[1].split(":");
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<string>(Math.max(0, missing)).fill("0"), ...tail];
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 8; i += 1) {
    const group = groups[i]!;
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  }
  return bytes;
}
