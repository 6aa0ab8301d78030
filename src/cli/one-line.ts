/** Longest line that is made of what a file or a server says. */
const LENGTH_MAX = 1_000;

/** Words of a file or a server as one line that cannot steer a terminal. */
export function oneLine(text: string): string {
  // Control characters of ASCII and of Latin-1.
  const plain = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return plain.length <= LENGTH_MAX ? plain : `${plain.slice(0, LENGTH_MAX)} ...`;
}
