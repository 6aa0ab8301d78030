/** Debian's etcd (package etcd-server) as a child on loopback ports, which tests may kill and start again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeTcpPort } from "./process.ts";
import { until } from "./until.ts";

/** True, after saying so, where there is no etcd to test with. */
export function lacksEtcd(what: string): boolean {
  if (Bun.which("etcd") !== null) return false;
  console.log(`skipped: ${what} (needs etcd: apt-get install etcd-server)`);
  return true;
}

/** Of its TLS: paths of PEM files. */
export interface EtcdTls {
  readonly cert: string;
  readonly key: string;
  /** Clients show a certificate of these. */
  readonly clientCa: string;
}

/** Where a member talks to the others of its etcd, and which of them it is. */
interface Peers {
  readonly urls: readonly string[];
  readonly place: number;
}

export class TestEtcd {
  readonly #folder = mkdtempSync(join(tmpdir(), "spillway-etcd-"));
  readonly #tls: EtcdTls | null;
  readonly #port: number;
  readonly #peers: Peers | null;
  #child: Bun.Subprocess | null = null;

  private constructor(port: number, tls: EtcdTls | null, peers: Peers | null = null) {
    this.#port = port;
    this.#tls = tls;
    this.#peers = peers;
  }

  static async start(tls: EtcdTls | null = null): Promise<TestEtcd> {
    const etcd = new TestEtcd(await freeTcpPort(), tls);
    await etcd.start();
    return etcd;
  }

  /** One etcd of so many members, once they have a leader. */
  static async startMembers(count: number): Promise<TestEtcd[]> {
    const urls: string[] = [];
    while (urls.length < count) urls.push(`http://127.0.0.1:${await freeTcpPort()}`);
    const members: TestEtcd[] = [];
    for (const place of urls.keys()) {
      members.push(new TestEtcd(await freeTcpPort(), null, { urls, place }));
    }
    await Promise.all(members.map((member) => member.start()));
    await until("etcd has a leader", 20_000, async () => (await leaderOf(members)) !== null);
    return members;
  }

  /** As `--names` takes it. */
  get names(): string {
    return `etcd${this.#tls === null ? "" : "s"}://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `http${this.#tls === null ? "" : "s"}://127.0.0.1:${this.#port}`;
  }

  /** With what it knew before. */
  async start(): Promise<void> {
    const { url } = this;
    const secure =
      this.#tls === null
        ? []
        : [
            ...["--cert-file", this.#tls.cert, "--key-file", this.#tls.key],
            ...["--client-cert-auth", "--trusted-ca-file", this.#tls.clientCa],
          ];
    this.#child = Bun.spawn(
      [
        ...["etcd", "--data-dir", join(this.#folder, "data"), "--logger", "zap"],
        ...["--listen-client-urls", url, "--advertise-client-urls", url],
        ...this.#among,
        ...secure,
      ],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    await until("etcd listens", 20_000, () => listens(this.#port));
  }

  get #among(): string[] {
    if (this.#peers === null) return ["--listen-peer-urls", "http://127.0.0.1:0"];
    const { urls, place } = this.#peers;
    const url = urls[place]!;
    return [
      ...["--name", `m${place}`, "--listen-peer-urls", url, "--initial-advertise-peer-urls", url],
      ...["--initial-cluster", urls.map((each, i) => `m${i}=${each}`).join(",")],
    ];
  }

  /** Whether it leads the others, as it says itself; null where it says nothing. */
  async leads(): Promise<boolean | null> {
    try {
      const init = { method: "POST", body: "{}", signal: AbortSignal.timeout(1_000) };
      const response = await fetch(`${this.url}/v3/maintenance/status`, init);
      const { leader, header } = (await response.json()) as {
        readonly leader?: string;
        readonly header?: { readonly member_id?: string };
      };
      return leader !== undefined && leader === header?.member_id;
    } catch {
      return null;
    }
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  /** It answers nobody, and nobody is told: as where the network is cut. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The one that leads; null while none does. */
export async function leaderOf(members: readonly TestEtcd[]): Promise<TestEtcd | null> {
  const leads = await Promise.all(members.map((member) => member.leads()));
  return members[leads.indexOf(true)] ?? null;
}

async function listens(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
