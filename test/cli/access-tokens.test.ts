import { expect, test } from "bun:test";
import { tokenNotice } from "../../src/cli/access-tokens.ts";

const TOKENS = [
  {
    right: "publish",
    path: "/etc/spillway/publish.token",
    token: "first-token-of-a-service",
    fresh: true,
  },
  {
    right: "view",
    path: "/etc/spillway/view.token",
    token: "second-token-of-a-service",
    fresh: true,
  },
] as const;

test("a terminal is shown tokens; what may be a journal is told where they stand", () => {
  const shown = tokenNotice(TOKENS, "https://live.example.com", true);
  const told = tokenNotice(TOKENS, "https://live.example.com", false);
  for (const { token, path } of TOKENS) {
    expect(shown).toContain(token);
    expect(told).not.toContain(token);
    expect(told).toContain(path);
  }
  expect(told).toContain("https://live.example.com/publish/NAME");
  expect(told).toContain("https://live.example.com/watch/NAME");
});

test("a token that an earlier run has shown is not shown again", () => {
  const [first, second] = TOKENS;
  const shown = tokenNotice([{ ...first, fresh: false }, second], "https://live.example.com", true);
  expect(shown).not.toContain(first.token);
  expect(shown).toContain(second.token);
  const known = TOKENS.map((token) => ({ ...token, fresh: false }));
  expect(tokenNotice(known, "https://live.example.com", true)).not.toContain("this once");
});
