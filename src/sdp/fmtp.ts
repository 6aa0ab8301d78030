/** Format parameters: "key=value;key=value" in any case and spacing. */

/** Keys in lower case, values as written. A parameter without "=" has the value "". */
export function fmtpParameters(fmtp: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of fmtp.split(";")) {
    const [key, value] = splitParameter(part);
    if (key !== "" && !parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}

/** The same parameters without those named (lower case); the others stay as written. */
export function withoutParameters(fmtp: string, names: ReadonlySet<string>): string {
  return fmtp
    .split(";")
    .filter((part) => !names.has(splitParameter(part)[0]))
    .join(";")
    .trim();
}

/** Appends key=value unless the key is there already. */
export function withParameter(fmtp: string, key: string, value: string): string {
  if (fmtpParameters(fmtp).has(key)) return fmtp;
  return fmtp === "" ? `${key}=${value}` : `${fmtp};${key}=${value}`;
}

function splitParameter(part: string): readonly [string, string] {
  const equals = part.indexOf("=");
  if (equals < 0) return [part.trim().toLowerCase(), ""];
  return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
}
