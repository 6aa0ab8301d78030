/** Where in the file a mistake stands, and names that stand twice. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { loadConfig } from "../../src/config.ts";

function read(file: string) {
  return loadConfig({
    args: ["--config", "c.toml"],
    env: {},
    readFile: () => file,
    cores: 2,
    memoryBytes: 2 ** 33,
  });
}

function load(file: string) {
  const result = read(file);
  return result.ok
    ? { error: null, line: null }
    : { error: result.error, line: result.place?.line };
}

const BROKEN: readonly (readonly [text: string, line: number])[] = [
  ["http = \n", 1],
  ["\n# a comment\n\nhttp = '127.0.0.1:1\n", 4],
  ["a.b = 1\n\n[limits\nsessions = 1\n", 3],
  ["takeover = true\ntakeover = false\n", 2],
  ["[limits]\nsessions = 1\n\n[limits]\n", 4],
  ["trusted-proxy = [\n  '127.0.0.1',\n  oops\n]\n", 1],
  ["[[auth.tokens]\n", 1],
  ["x = 1979-13-01\r\n", 1],
  ["takeover = true\r\nx = =\r\n", 2],
  ['insecure = true\nstate = """\na\nb', 2],
];

for (const [text, line] of BROKEN) {
  test(`O5: ${JSON.stringify(text)} is wrong in line ${line}`, () => {
    const { error } = load(text);
    expect(error).toStartWith(`c.toml: line ${line}: `);
    expect(error).not.toContain("TOML Parse error");
  });
}

const WRONG: readonly (readonly [text: string, key: string, line: number])[] = [
  ["\n\nsesions = 1\n", "sesions: unknown key", 3],
  ["[limits]\n\n# x\nsesions = 1\n", "limits.sesions: unknown key", 4],
  ["takeover = true\nring-memory = '200%'\n", "ring-memory:", 2],
  ["[limits]\nsessions = 'many'\n", "limits.sessions:", 2],
  ["\ntakeover = 'later'\n", 'takeover: "later" is not true, false or standby', 2],
  [
    '[[streams]]\nmatch = "a"\ntakeover = "later"\n',
    'streams[0].takeover: "later" is not true, false or standby',
    3,
  ],
  [
    '[[streams]]\nmatch = "a"\n[[streams]]\nmatch = "b"\nmax-width = 3\n',
    "streams[1].max-width:",
    5,
  ],
  ['[[auth.tokens]]\nrights = ["view"]\n', "auth.tokens[0]: needs either", 1],
  ['[[auth.tokens]]\ntoken = "short"\nrights = ["view"]\n', "auth.tokens[0].token: at least", 2],
  ['[auth]\ntokens = [{token="short", rights=["view"]}]\n', "auth.tokens[0].token: at least", 2],
];

for (const [text, key, line] of WRONG) {
  test(`O5: ${key} is wrong in line ${line}`, () => {
    const found = load(text);
    expect(found.error).toContain(`c.toml: ${key}`);
    expect(found.line).toBe(line);
  });
}

const token = (text: string, kind = "token") =>
  `[[auth.tokens]]\n${kind} = "${text}"\nrights = ["view"]\n`;
const key = (id: string | null, secret: string) =>
  `[[auth.keys]]\n${id === null ? "" : `id = "${id}"\n`}alg = "HS256"\nsecret = "${secret.repeat(43)}"\n`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const ONE = "the-token-of-one-person";

test("O5: a token, a hash or a key id that stands twice is refused", () => {
  expect(load(token(ONE) + token(`${ONE}-2`)).error).toBeNull();
  const twice = load(token(ONE) + token(`${ONE}-2`) + token(ONE));
  expect(twice.error).toBe("c.toml: auth.tokens[2].token: is the same as in auth.tokens[0]");
  expect(twice.line).toBe(8);
  const hashed = load(token(ONE) + token(sha256(ONE).toUpperCase(), "hash"));
  expect(hashed.error).toBe("c.toml: auth.tokens[1].hash: is the same as in auth.tokens[0]");
  expect(load(key("a", "A") + key("b", "B") + key(null, "C") + key(null, "D")).error).toBeNull();
  const ids = load(key("a", "A") + key("b", "B") + key("a", "C"));
  expect(ids.error).toBe("c.toml: auth.keys[2].id: is the same as in auth.keys[0]");
});

test("O5: the hash of a sample is refused: anybody has its token", () => {
  for (const sample of ["test", "test\n", "TOKEN", "TOKEN\n", "", "\n"]) {
    expect(load(token(sha256(sample), "hash")).error).toContain(
      "auth.tokens[0].hash: is that of a sample",
    );
  }
  expect(
    load(token("9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", "hash")).error,
  ).toContain("is that of a sample");
  expect(load(token(sha256(ONE), "hash")).error).toBeNull();
});

test("takeover is a switch that may be told more, by a flag as by the environment", () => {
  const [flag, variable] = ["--takeover", "SPILLWAY_TAKEOVER"];
  const load = (args: string[], env: Record<string, string> = {}) => {
    const sources = { args, env, readFile: () => "", cores: 1, memoryBytes: 1e9 };
    const result = loadConfig(sources);
    return result.ok ? result.config.takeover : result.error;
  };
  expect(load([])).toBe(false);
  expect(load([flag])).toBe(true);
  expect(load([flag, "--insecure"])).toBe(true);
  for (const [text, takeover] of [
    ["true", true],
    ["false", false],
    ["standby", "standby"],
  ] as const) {
    expect(load([flag, text])).toBe(takeover);
    expect(load([flag, text, "--insecure"])).toBe(takeover);
    expect(load([`${flag}=${text}`])).toBe(takeover);
    expect(load([], { [variable]: text })).toBe(takeover);
    expect(load([flag, text], { [variable]: "standby" })).toBe(takeover);
  }
  expect(load([flag, "later"])).toBe('--takeover: "later" is not true, false or standby');
  expect(load([], { [variable]: "later" })).toContain('"later" is not true, false or standby');
  expect(load(["--insecure", "true"])).toContain("true: unknown option");
});

test("takeover is a truth or standby, in general and in a rule for streams", () => {
  for (const [text, takeover] of [
    ["true", true],
    ["false", false],
    ['"standby"', "standby"],
    ['"Standby"', "standby"],
    ['"yes"', true],
  ] as const) {
    const result = read(`takeover = ${text}\n[[streams]]\nmatch = "a"\ntakeover = ${text}\n`);
    if (!result.ok) throw new Error(result.error);
    const { config } = result;
    expect([config.takeover, config.streams[0]!.takeover]).toEqual([takeover, takeover]);
  }
});
