import { expect, test } from "bun:test";
import { explainStart, isForbidden } from "../../src/cli/start-error.ts";
import { loadConfig } from "../../src/config.ts";

function explain(args: readonly string[], message: string): string {
  const sources = { env: {}, readFile: () => "5a".repeat(32), cores: 2, memoryBytes: 8e9 };
  const result = loadConfig({ args, ...sources });
  if (!result.ok) throw new Error(result.error);
  return explainStart(new Error(message), result.config);
}

test("a UDP port that cannot be had is told by the option that it is of", () => {
  const node = ["--cluster-secret-file=/s", "--link=0.0.0.0:9300"];
  const taken = (port: number) => `bind 192.0.2.1 port ${port}: Address already in use`;
  expect(explain(node, taken(9300))).toStartWith(
    "link: UDP 192.0.2.1:9300: Address already in use; choose another --link, or ",
  );
  expect(explain(node, taken(8200))).toStartWith("media: UDP 192.0.2.1:8200:");
  expect(explain([], taken(9300))).toStartWith("media: UDP 192.0.2.1:9300:");
  expect(explain(node, "bind 2001:db8::1 port 9300: Permission denied")).toBe(
    "link: UDP [2001:db8::1]:9300: Permission denied; ports below 1024 need CAP_NET_BIND_SERVICE: spillway install --privileged-ports",
  );
});

test("the port where clients connect is told as TCP", () => {
  const taken = "listen 192.0.2.1 port 443: Address already in use";
  expect(explain(["--ice-tcp=192.0.2.1:443"], taken)).toStartWith(
    "ice-tcp: TCP 192.0.2.1:443: Address already in use; choose another --ice-tcp, or ",
  );
  const denied = "listen 192.0.2.1 port 443: Permission denied";
  expect(isForbidden(new Error(denied))).toBe(true);
  expect(explain(["--ice-tcp=192.0.2.1:443"], denied)).toEndWith("--privileged-ports");
});

test("a port that may not be bound is told apart from one that may be free another time", () => {
  const coded = (code: string) => Object.assign(new Error("Failed to listen"), { code });
  expect(isForbidden(coded("EACCES"))).toBe(true);
  expect(isForbidden(new Error("bind 0.0.0.0 port 80: Permission denied"))).toBe(true);
  expect(isForbidden(coded("EADDRINUSE"))).toBe(false);
  expect(isForbidden(coded("EADDRNOTAVAIL"))).toBe(false);
  expect(isForbidden(new Error("bind 0.0.0.0 port 80: Address already in use"))).toBe(false);
});
