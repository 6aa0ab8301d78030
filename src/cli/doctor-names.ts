/** Whether etcd can be asked whose a name is, member by member. */
import type { ClusterConfig } from "../config/cluster.ts";
import { isLoopback } from "../config/values.ts";
import { readAnswer } from "../control/etcd/answers.ts";
import type { NameCall } from "../control/etcd/calls.ts";
import { EtcdClient, EtcdError, type Fetch } from "../control/etcd/client.ts";
import { Keys, requestOf } from "../control/etcd/requests.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

/** Changes nothing, since no revision is so high; yet etcd wants the right to read and to write for it. */
const TRIAL: NameCall = { type: "drop", name: "doctor", over: Number.MAX_SAFE_INTEGER };
const MEND =
  "mend it, the way to it or the user's rights; while none answers, new publishers get 503";

/** None where the nodes decide among each other. `now`: monotonic microseconds. */
export async function checkNames(
  { names: urls, name, etcd: access }: ClusterConfig,
  fetch: Fetch,
  now: () => number,
): Promise<readonly Finding[]> {
  if (urls === null || access === null) return [];
  const keys = new Keys(name);
  const said = await Promise.all(
    urls.map(async (url) => {
      const client = new EtcdClient({ urls: [url], access, fetch });
      const before = now();
      const problem = await ask(client, keys);
      return { url, problem, ms: (now() - before) / 1000 };
    }),
  );
  // One is enough, for as long as it lasts.
  const wrong = said.every(({ problem }) => problem !== null) ? fail : warn;
  const findings = said.map(({ url, problem, ms }) =>
    problem === null
      ? ok(`names ${url}`, `answers in ${ms.toFixed(0)} ms, and lets this node write`)
      : wrong(`names ${url}`, problem, MEND),
  );
  return access.user === null || !urls.some(isOpen) ? findings : [...findings, IN_THE_CLEAR];
}

const IN_THE_CLEAR = warn(
  "etcd-user-file",
  "the password goes to etcd unencrypted",
  "names = etcds://..., with TLS at etcd",
);

/** What is wrong; null for nothing. */
async function ask(client: EtcdClient, keys: Keys): Promise<string | null> {
  try {
    const answer = readAnswer(TRIAL, await client.post(requestOf(TRIAL, keys)), keys);
    return answer === null ? "what it answers is no answer" : null;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return error.message.replace(`${client.url}: `, "");
  }
}

/** Others may read what goes there. */
function isOpen(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname);
}
