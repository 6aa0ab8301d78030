import { parseAddress } from "../../config/cidr.ts";

/** What counts as one client: an IPv4 address or an IPv6 /64. */
export function addressGroup(address: string): string {
  if (!address.includes(":")) return address;
  const bytes = parseAddress(address);
  if (bytes === null) return address;
  const mapped = bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return mapped ? bytes.slice(12).join(".") : Buffer.from(bytes.slice(0, 8)).toString("hex");
}
