/**
 * Whether a stream name matches a pattern: `*` stands for anything within a segment, `**` for
 * anything. The rest is literal. All patterns mean this: of tokens, JWTs and [[streams]].
 */
export function matchesPattern(pattern: string, name: string): boolean {
  // Names are in this form (src/control/http/names.ts).
  return match(pattern.normalize("NFC"), name);
}

/** Bounded by the product of the lengths, whatever the pattern; a regular expression is not. */
function match(pattern: string, name: string): boolean {
  // reachable[j]: pattern[0..i) matches name[0..j).
  let reachable = new Uint8Array(name.length + 1);
  reachable[0] = 1;
  for (let i = 0; i < pattern.length; i += 1) {
    const next = new Uint8Array(name.length + 1);
    if (pattern[i] === "*") {
      const across = pattern[i + 1] === "*";
      if (across) i += 1;
      for (let j = 0, open = 0; j <= name.length; j += 1) {
        open = reachable[j] === 1 || open === 1 ? 1 : 0;
        next[j] = open;
        if (!across && name[j] === "/") open = 0;
      }
    } else {
      for (let j = 0; j < name.length; j += 1) {
        if (reachable[j] === 1 && name[j] === pattern[i]) next[j + 1] = 1;
      }
    }
    reachable = next;
  }
  return reachable[name.length] === 1;
}
