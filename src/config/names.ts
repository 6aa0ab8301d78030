/** `--names`: who decides whose a stream's name is. */
import { z } from "zod";
import { ETCD_ENDPOINTS_MAX } from "../limits.ts";
import { formatHostPort, machines } from "./values.ts";

const ETCD_PORT = 2379;

/** The URLs of etcd's members; null for `mesh`, where the nodes decide among each other. */
export const names = z.string().transform((text, context): readonly string[] | null => {
  if (text === "mesh") return null;
  const match = /^etcd(s?):\/\/(.+)$/.exec(text);
  const members = machines(ETCD_ENDPOINTS_MAX, true).safeParse(match?.[2] ?? "");
  const issue = members.success ? null : members.error.issues[0]!.message;
  if (match === null || !members.success || members.data.length === 0) {
    const wanted = "mesh, etcd://HOST:PORT,... or etcds://HOST:PORT,...";
    // A password would be shown by `ps`, and perhaps by this message.
    const secret = text.includes("@");
    const why = secret ? "has a user: --etcd-user-file is for that" : `"${text}" is not ${wanted}`;
    context.addIssue({
      code: "custom",
      message: issue === null || secret ? why : `${why}: ${issue}`,
    });
    return z.NEVER;
  }
  const scheme = match[1] === "s" ? "https" : "http";
  return members.data.map(
    ({ host, port }) => `${scheme}://${formatHostPort(host, port ?? ETCD_PORT)}`,
  );
});
