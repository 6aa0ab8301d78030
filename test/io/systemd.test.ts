import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceManager } from "../../src/io/systemd.ts";

// A datagram socket of the UNIX family, made by Python since neither Bun nor Node offers one.
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind("\\0" + name[1:] if name[0] == "@" else name)
s.settimeout(10)
sys.stdout.write("bound" + chr(10)); sys.stdout.flush()
sys.stdout.write(s.recv(4096).decode() + chr(10))
`;
const python = Bun.which("python3");
const folder = mkdtempSync(join(tmpdir(), "spillway-notify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const name of [join(folder, "notify"), `@spillway-test-${process.pid}`]) {
  test.skipIf(python === null)(
    `notify reaches ${name.startsWith("@") ? "an abstract" : "a path"} socket`,
    async () => {
      const receiver = Bun.spawn([python!, "-c", RECEIVER, name], { stdout: "pipe" });
      const reader = receiver.stdout.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("bound\n");
      const manager = serviceManager({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "2000000" }, 7);
      expect(manager.watchdogUs).toBe(2_000_000);
      expect(manager.notify("READY=1", "STATUS=Serving")).toBe(true);
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(
        "READY=1\nSTATUS=Serving\n",
      );
      expect(await receiver.exited).toBe(0);
    },
  );
}

test("without a manager nothing is sent", () => {
  for (const NOTIFY_SOCKET of [undefined, "", "relative", "@", `/${"x".repeat(120)}`]) {
    const manager = serviceManager({ NOTIFY_SOCKET, WATCHDOG_USEC: "1" }, 7);
    expect(manager.watchdogUs).toBeNull();
    expect(manager.notify("READY=1")).toBe(false);
  }
});

test("a socket that is gone is reported, not thrown", () => {
  expect(serviceManager({ NOTIFY_SOCKET: "/nonexistent/notify" }, 7).notify("READY=1")).toBe(false);
});

test("a watchdog meant for another process is ignored", () => {
  const env = { NOTIFY_SOCKET: "@x", WATCHDOG_USEC: "1000000" };
  expect(serviceManager({ ...env, WATCHDOG_PID: "7" }, 7).watchdogUs).toBe(1_000_000);
  expect(serviceManager({ ...env, WATCHDOG_PID: "8" }, 7).watchdogUs).toBeNull();
  expect(serviceManager({ ...env, WATCHDOG_USEC: "soon" }, 7).watchdogUs).toBeNull();
});
