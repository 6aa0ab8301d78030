/** Where a stream has what, as its server names it; of a WHEP address, or of the tail's. */
const PLACES = { whep: /\/whep\/(.+)$/, hls: /\/hls\/(.+)\/index\.m3u8$/ };

/** `address` is the `from` of a stream; null where its `what` is not known. */
export function besideOf(
  address: string | null,
  from: "whep" | "hls",
  what: "hls" | "events",
): string | null {
  if (address === null) return null;
  const [path = "", ...query] = address.split(/(?=[?#])/);
  const end = what === "hls" ? "/index.m3u8" : "";
  const isOurs = PLACES[from].test(path);
  // Another server's may have a tail beside it.
  if (!isOurs) return what === "hls" ? `${path}${end}${query.join("")}` : null;
  return `${path.replace(PLACES[from], `/${what}/$1${end}`)}${query.join("")}`;
}

/** An address that a browser asks by itself, without headers of ours. */
export function withToken(address: string, token: string | null): string {
  const url = new URL(address);
  if (token !== null) url.searchParams.set("token", token);
  return url.href;
}
