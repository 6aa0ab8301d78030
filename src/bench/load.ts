/** One publisher and so many viewers for some seconds: `spillway load` on the receivers' processors. */
import { TOKEN_VARIABLE } from "../client/whip.ts";
import { messageOf } from "../errors.ts";
import type { LoadReport } from "../load/report.ts";
import { JOIN_RATE } from "./budget.ts";
import type { Children } from "./children.ts";
import { BenchError } from "./error.ts";
import type { BenchServer } from "./server.ts";
import type { BenchLoad } from "./source.ts";

export interface LoadRun {
  readonly children: Children;
  readonly server: BenchServer;
  /** Where it runs; null: anywhere. */
  readonly cores: readonly number[] | null;
  readonly threads: number;
  readonly load: BenchLoad;
  readonly viewers: number;
  readonly seconds: number;
  /** Cuts it off. */
  readonly deadline: AbortSignal;
}

/** Null when it was cut off. Throws a BenchError when it could not be put on at all. */
export async function runLoad(run: LoadRun): Promise<LoadReport | null> {
  const { children, server, cores, deadline } = run;
  if (deadline.aborted) return null;
  const env = { [TOKEN_VARIABLE]: server.token };
  const child = children.start(loadArguments(run), { cores, env });
  deadline.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  if (child.signalCode !== null) return null;
  server.assertRunning();
  try {
    return JSON.parse(out) as LoadReport;
  } catch (error) {
    const said = err.trim().split("\n").at(-1);
    throw new BenchError(`the load failed: ${said || messageOf(error)}`);
  }
}

function loadArguments({ server, threads, load, viewers, seconds }: LoadRun): string[] {
  const { bitrate, spreadMs } = load;
  return [
    ...["load", server.url("whep"), "--publish", server.url("whip")],
    ...["--bitrate", String(bitrate)],
    ...(spreadMs > 0 ? ["--spread", String(spreadMs)] : ["--burst"]),
    ...["--viewers", String(viewers), "--rate", String(JOIN_RATE), "--duration", String(seconds)],
    ...["--threads", String(threads)],
    ...["--server-pid", String(server.pid), "--json"],
  ];
}
