import { expect, test } from "bun:test";
import { withToken } from "../../../src/control/http/tail-uris.ts";

test("F05 every URI of a playlist carries the token, and nothing else changes", () => {
  const text = `#EXTM3U
#EXT-X-MAP:URI="x-0-init0.mp4"
#EXT-X-PART:DURATION=0.500000,URI="x-0-1.m4s",INDEPENDENT=YES
#EXTINF:2.000000,
x-0-1-4.m4s
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x-0-5.m4s"
`;
  const token = "a b&c";
  const shown = withToken(text, token);
  expect(shown.split("\n").map((line) => line.replace("?token=a%20b%26c", ""))).toEqual(
    text.split("\n"),
  );
  expect(shown.match(/\?token=a%20b%26c/g)).toHaveLength(4);
  expect(shown).toContain('URI="x-0-init0.mp4?token=a%20b%26c"');
  expect(shown).toContain("\nx-0-1-4.m4s?token=a%20b%26c\n");
});
