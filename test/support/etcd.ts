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

export class TestEtcd {
  readonly #folder = mkdtempSync(join(tmpdir(), "spillway-etcd-"));
  readonly #tls: EtcdTls | null;
  readonly #port: number;
  #child: Bun.Subprocess | null = null;

  private constructor(port: number, tls: EtcdTls | null) {
    this.#port = port;
    this.#tls = tls;
  }

  static async start(tls: EtcdTls | null = null): Promise<TestEtcd> {
    const etcd = new TestEtcd(await freeTcpPort(), tls);
    await etcd.start();
    return etcd;
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
        ...["--listen-peer-urls", "http://127.0.0.1:0", ...secure],
      ],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    await until("etcd listens", 20_000, () => listens(this.#port));
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

async function listens(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
