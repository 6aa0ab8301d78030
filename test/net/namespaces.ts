/** Network namespaces of a test run by `ip netns`, and their removal with all that runs in them. */
import { existsSync, readdirSync } from "node:fs";

/** With the process's id behind it, so that a later run knows what a dead one left. */
const PREFIX = "spillway-";
const FOLDER = "/run/netns";

let made = 0;

export function addNamespace(role: string): string {
  made += 1;
  const name = `${PREFIX}${process.pid}-${made}-${role}`;
  ip("netns", "add", name);
  ip("-n", name, "link", "set", "lo", "up");
  return name;
}

/** Gives a device its address and brings it up. No IPv6: its own chatter would fill the link. */
export function setUpDevice(namespace: string, device: string, address: string): void {
  ip("-n", namespace, "link", "set", device, "addrgenmode", "none");
  ip("-n", namespace, "address", "add", address, "dev", device);
  ip("-n", namespace, "link", "set", device, "up");
  // Chromium takes the address of the default route for its own.
  ip("-n", namespace, "route", "add", "default", "dev", device);
}

/** Kills what runs in it and deletes it. Does nothing when it is gone. */
export function removeNamespace(name: string): void {
  if (!name.startsWith(PREFIX) || !existsSync(`${FOLDER}/${name}`)) return;
  const pids = Bun.spawnSync(["ip", "netns", "pids", name]).stdout.toString();
  for (const pid of pids.split("\n").filter((line) => line !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  Bun.spawnSync(["ip", "netns", "del", name], { stderr: "ignore" });
}

/** Removes what processes that are no more have left behind. */
export function sweepNamespaces(): void {
  for (const name of namespaces()) {
    const pid = Number(name.slice(PREFIX.length).split("-")[0]);
    if (pid > 0 && !existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}

/** Those of all test runs of the moment. */
export function namespaces(): string[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER).filter((name) => name.startsWith(PREFIX));
}

function ip(...args: string[]): void {
  const { success, stderr } = Bun.spawnSync(["ip", ...args]);
  if (!success) throw new Error(`ip ${args.join(" ")}: ${stderr.toString().trim()}`);
}
