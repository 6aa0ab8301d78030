import { expect, test } from "bun:test";
import { checkNames } from "../../src/cli/doctor-names.ts";
import { loadConfig } from "../../src/config.ts";

const ROW = { header: { revision: "7" }, responses: [{ response_range: { header: {} } }] };

/** Each finding as "LEVEL NAME: DETAIL"; hosts that begin with "up" answer, with "no" refuse. */
async function found(names: string, user = false): Promise<string[]> {
  const result = loadConfig({
    args: ["--cluster-secret-file=/s", "--names", names, ...(user ? ["--etcd-user-file=/u"] : [])],
    env: {},
    readFile: (path) => (path === "/u" ? "node:hush-hush" : "5a".repeat(32)),
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { hostname, pathname } = new URL(url);
    if (pathname === "/v3/auth/authenticate") return Response.json({ token: "t" });
    // It writes nothing.
    expect(String(init.body)).toContain(String(Number.MAX_SAFE_INTEGER));
    if (hostname.startsWith("up")) return Response.json(ROW);
    if (!hostname.startsWith("no")) throw new Error("down");
    const message = "etcdserver: permission denied";
    return Response.json({ error: message, message, code: 7 }, { status: 403 });
  };
  let now = 0;
  const clock = () => (now += 1_000);
  const findings = await checkNames(result.config.cluster!, fetch, clock);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return findings.map(({ level, name, detail }) => `${level} ${name}: ${detail}`);
}

test("without etcd there is nothing to ask", async () => {
  expect(await found("mesh")).toEqual([]);
});

test("each member says for itself whether it can be asked, and whether this node may write", async () => {
  const [up, no, down, ...rest] = await found("etcd://up:1,no:1,down:1");
  expect(up).toMatch(/^ok names http:\/\/up:1: answers in \d+ ms, and lets this node write$/);
  expect(no).toBe("warn names http://no:1: etcdserver: permission denied");
  expect(down).toBe("warn names http://down:1: cannot be reached");
  expect(rest).toEqual([]);
});

test("that none can be asked must be mended", async () => {
  expect((await found("etcds://no:1,down:1")).map((each) => each.split(" ")[0])).toEqual([
    ...["fail", "fail"],
  ]);
});

test("a password that goes over a network in the clear is told, without it", async () => {
  const open = await found("etcd://up.example", true);
  expect(open.at(-1)).toBe("warn etcd-user-file: the password goes to etcd unencrypted");
  expect(open.join()).not.toContain("hush-hush");
  for (const names of ["etcds://up.example", "etcd://127.0.0.1"]) {
    expect((await found(names, true)).join()).not.toContain("unencrypted");
  }
});
