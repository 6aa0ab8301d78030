import { expect, test } from "bun:test";
import { parseSecrets, SecretError } from "../../src/config/secrets.ts";

const BYTES = Uint8Array.from({ length: 32 }, (_, i) => i + 200);
const HEX = Buffer.from(BYTES).toString("hex");
const BASE64 = Buffer.from(BYTES).toString("base64");

function refusal(text: string): string {
  try {
    parseSecrets(text);
  } catch (error) {
    if (error instanceof SecretError) return error.message;
    throw error;
  }
  throw new Error("was accepted");
}

test("a secret is hex or base64, also without padding and as URLs have it", () => {
  const url = Buffer.from(BYTES).toString("base64url");
  const forms = [HEX, HEX.toUpperCase(), BASE64, BASE64.replace("=", ""), url, `  ${HEX}\t\r`];
  for (const form of forms) expect(parseSecrets(`${form}\n`)).toEqual([BYTES]);
  expect(parseSecrets(HEX + HEX)[0]).toHaveLength(64);
});

test("one to three lines count, in their order; empty ones and remarks do not", () => {
  const other = "11".repeat(32);
  const text = `# new\n\n${other}\r\n   # old, until May\n${HEX}\n\n`;
  expect(parseSecrets(text)).toEqual([new Uint8Array(32).fill(0x11), BYTES]);
  expect(parseSecrets(`${HEX}\n${other}\n${BASE64}`)).toHaveLength(3);
  expect(refusal(`${HEX}\n`.repeat(4))).toBe("it has 4 secrets, at most 3 count");
});

test("what is no secret is told by its line, and not shown", () => {
  expect(refusal("")).toBe("it has no secret");
  expect(refusal("\n# nothing\n")).toBe("it has no secret");
  expect(refusal(`# a\n\n${HEX.slice(2)}`)).toBe("line 3 has 31 bytes, a secret has 32 or more");
  expect(refusal(`${HEX}\nhunter2`)).toBe("line 2 has 5 bytes, a secret has 32 or more");
  for (const wrong of ["correct horse battery staple", `${BASE64}==`, "\u00e4".repeat(50)]) {
    expect(refusal(wrong)).toBe("line 1 is neither hex nor base64");
  }
});
