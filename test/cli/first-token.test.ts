import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileConfig } from "../../src/cli/configuration.ts";
import {
  firstToken,
  firstTokenEntry,
  publisherToken,
  withToken,
} from "../../src/cli/first-token.ts";
import type { Config } from "../../src/config.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-state-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configured(text: string): Config {
  const file = join(folder, "spillway.toml");
  writeFileSync(file, text);
  return readFileConfig(file);
}

test("a public listener without tokens makes one, keeps it, and makes no second", () => {
  const config = configured('http = "0.0.0.0:8080"');
  const state = join(folder, "state");
  const first = firstToken(config, state);
  expect(first).toMatchObject({ fresh: true, file: join(state, "token") });
  expect(first?.token).toMatch(/^[\w-]{32}$/);
  expect(statSync(join(state, "token")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(state, "token"), "utf8").trim()).toBe(first!.token);
  expect(firstToken(config, state)).toEqual({ ...first!, fresh: false });
  const entry = withToken(config, firstTokenEntry(first)).auth.tokens[0];
  expect(entry).toMatchObject({ token: first!.token, rights: ["publish", "view", "admin"] });
});

test("without a state folder the token is a new one each time", () => {
  const config = configured('http = "[::]:8080"');
  const first = firstToken(config, null);
  expect(first?.file).toBeNull();
  expect(firstToken(config, null)?.token).not.toBe(first!.token);
});

test("no token where none is needed", () => {
  expect(firstToken(configured('http = "127.0.0.1:8080"'), folder)).toBeNull();
  expect(firstToken(configured('http = "0.0.0.0:8080"\ninsecure = true'), folder)).toBeNull();
  const own = '[[auth.tokens]]\ntoken = "0123456789abcdef"\nrights = ["view"]';
  expect(firstToken(configured(`http = "0.0.0.0:8080"\n${own}`), folder)).toBeNull();
});

test("a damaged token file is an error and not an open door", () => {
  const state = mkdtempSync(join(folder, "damaged-"));
  writeFileSync(join(state, "token"), "\n");
  expect(() => firstToken(configured('http = "0.0.0.0:8080"'), state)).toThrow("holds no token");
});

test("the demo's publisher gets a token of its own only where one is asked for", () => {
  expect(publisherToken(configured('http = "127.0.0.1:8080"'), "demo")).toBeNull();
  const token = publisherToken(configured('http = "0.0.0.0:8080"'), "demo");
  expect(token).toMatchObject({ rights: ["publish"], streams: ["demo"] });
});
