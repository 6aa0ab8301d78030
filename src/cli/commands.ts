import type { Command } from "./command.ts";

/**
 * All subcommands, in the order of --help. Each is loaded when it is asked for, so that a server
 * does not carry the demuxer of `publish`.
 */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    summary: "Run the server (the default).",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  demo: {
    summary: "Run the server with a stream called demo already live.",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  publish: {
    summary: "Send an MP4 or WebM file to a WHIP address in real time.",
    load: async () => (await import("./publish.ts")).publishCommand,
  },
  load: {
    summary: "Put viewers by the thousand on a WHEP server, and measure.",
    load: async () => (await import("./load.ts")).loadCommand,
  },
  bench: {
    summary: "Measure how many viewers a core of this machine carries.",
    load: async () => (await import("./bench.ts")).benchCommand,
  },
  doctor: {
    summary: "Check this machine and say how to mend what is wrong.",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  check: {
    summary: "Check the configuration, its keys and its certificates.",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  reload: {
    summary: "Make a running server read its configuration again.",
    load: async () => (await import("./reload.ts")).reloadCommand,
  },
  install: {
    summary: "Print or write what a service needs, also for one that others reach.",
    load: async () => (await import("./install.ts")).installCommand,
  },
  uninstall: {
    summary: "Take back what install wrote.",
    load: async () => (await import("./uninstall.ts")).uninstallCommand,
  },
  token: {
    summary: "Make tokens and the keys that sign them.",
    load: async () => (await import("./token.ts")).tokenCommand,
  },
  cluster: {
    summary: "Make the secret that the nodes of a cluster share.",
    load: async () => (await import("./cluster.ts")).clusterCommand,
  },
  status: {
    summary: "Show how a node fares in its cluster.",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  licenses: {
    summary: "Show the licences of everything inside this executable.",
    load: async () => (await import("./licenses.ts")).licensesCommand,
  },
};

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** The closest command within two edits, for "did you mean". */
export function closestCommand(name: string): string | null {
  const near = Object.keys(COMMANDS).filter((command) => withinTwoEdits(name, command));
  return near[0] ?? null;
}

function withinTwoEdits(a: string, b: string, edits = 2): boolean {
  if (edits < 0 || Math.abs(a.length - b.length) > edits) return false;
  if (a === "" || b === "") return true;
  if (a[0] === b[0] && withinTwoEdits(a.slice(1), b.slice(1), edits)) return true;
  return (
    withinTwoEdits(a.slice(1), b, edits - 1) ||
    withinTwoEdits(a, b.slice(1), edits - 1) ||
    withinTwoEdits(a.slice(1), b.slice(1), edits - 1)
  );
}
