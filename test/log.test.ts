import { expect, test } from "bun:test";
import { createLogger } from "../src/log.ts";

function start(format: "json" | "pretty", level: "debug" | "warn" = "debug") {
  const state = { now: 1_000_000, lines: [] as string[] };
  const log = createLogger({
    level,
    format,
    sink: (line) => state.lines.push(line),
    wall: () => state.now,
    perSecond: 3,
  });
  return { state, log };
}

test("JSON: one object a line", () => {
  const { state, log } = start("json");
  log.info("Viewer joined", { stream: "a\nb", count: 1, none: undefined });
  expect(state.lines).toHaveLength(1);
  expect(state.lines[0]).toEndWith("\n");
  expect(JSON.parse(state.lines[0]!)).toEqual({
    time: "1970-01-01T00:16:40.000Z",
    level: "info",
    message: "Viewer joined",
    stream: "a\nb",
    count: 1,
  });
});

test("pretty: remote text can neither break the line nor move the cursor", () => {
  const { state, log } = start("pretty");
  log.warn("Odd", { name: "x\n\u001b[2Jy", plain: "a/b" });
  expect(state.lines[0]!.slice(0, -1)).not.toContain("\n");
  expect(state.lines[0]).not.toContain("\u001b[2J");
  expect(state.lines[0]).toContain("a/b");
});

test("levels below the configured one are not written", () => {
  const { state, log } = start("json", "warn");
  log.debug("a");
  log.info("a");
  log.warn("a");
  log.error("a");
  expect(state.lines).toHaveLength(2);
});

test("a repeated message is limited, counted and summarized; others pass", () => {
  const { state, log } = start("json");
  for (let i = 0; i < 10; i += 1) log.warn("flood", { i });
  log.warn("other");
  expect(state.lines).toHaveLength(4);
  log.flush();
  expect(state.lines).toHaveLength(4);
  state.now += 1000;
  log.flush();
  expect(JSON.parse(state.lines[4]!)).toMatchObject({
    message: "Suppressed repeated messages",
    repeated: "flood",
    count: 7,
  });
  log.warn("flood");
  expect(state.lines).toHaveLength(6);
});

test("the summary also comes with the next message of its kind", () => {
  const { state, log } = start("json");
  for (let i = 0; i < 5; i += 1) log.info("flood");
  state.now += 1500;
  log.info("flood");
  expect(state.lines.map((line) => JSON.parse(line).count)).toEqual([
    undefined,
    undefined,
    undefined,
    2,
    undefined,
  ]);
});
