import type { OptionRow } from "./option-table.ts";
import { optionTable } from "./option-table.ts";

/** Options by their keys, as a file gives them. */
export type FileSettings = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A configuration file in which every option stands: with its default, commented out, but for those of `set`. */
export function exampleConfig(set: FileSettings = {}): string {
  const lines = [
    "# Spillway. Every option is shown with its default; remove the # to change it.",
    "# SPILLWAY_* in the environment and flags override this file.",
    "",
  ];
  let group = "";
  for (const row of optionTable) {
    if (row.hidden || row.key === "config") continue;
    const [first = "", second] = row.key.split(".");
    if (second !== undefined && first !== group) {
      group = first;
      lines.push(`[${group}]`, "");
    }
    const value = set[row.key];
    const line = `${second ?? first} = ${value === undefined ? literal(row) : JSON.stringify(value)}`;
    lines.push(`# ${row.help}`, value === undefined ? `# ${line}` : line, "");
  }
  return `${[...lines, TABLES].join("\n")}`;
}

function literal({ default: text, value }: OptionRow): string {
  if (text === "true" || text === "false" || /^\d+$/.test(text)) return text;
  // A number whose default depends on the machine.
  if (value === "N") return `4 # default: ${text}`;
  return JSON.stringify(text);
}

const TABLES = `# Static tokens: the token itself, or its SHA-256 (printf %s TOKEN | sha256sum).
# [[auth.tokens]]
# hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
# rights = ["publish", "view"]            # publish, view, admin
# streams = ["events/*"]                  # * within a segment, ** across segments
# max-width = 1280                        # the largest layer that its viewers get: pixels,
# max-height = 720
# max-bitrate = "2M"                      # bits a second; publishers are asked to keep to it, too

# Keys that JWTs are signed with; the algorithm is pinned to the key.
# [[auth.keys]]
# id = "2026"
# alg = "HS256"                           # HS256 with secret; RS256, ES256, EdDSA with public
# secret = "base64url of at least 32 random bytes"
# [[auth.keys]]
# alg = "ES256"
# jwks = "/etc/spillway/jwks.json"

# STUN and TURN servers that clients are told of.
# [[ice-servers]]
# urls = ["turn:turn.example.com:3478?transport=udp"]
# username = "user"
# credential = "secret"

# Streams that differ from the rest; the first match counts.
# [[streams]]
# match = "events/**"
# view = "open"                           # anybody may watch; "token" (the default): who has one
# takeover = "standby"                  # a second publisher waits until the first is silent
# wait-for-stream = true
# hls = "always"                          # "on", "always" or "off", as hls above
# dvr = "2h"                              # viewers of its tail may go back so far (12h at most)
# record = "/srv/recordings"              # all of it stays in this folder
# chat = true                             # viewers may send chat, hands and reactions
# playout-delay-min-ms = 0
# playout-delay-max-ms = 200
# max-width = 1280                        # the largest layer that viewers get
# max-height = 720
# max-bitrate = "2M"
`;
