import { ConfigError } from "./file.ts";
import type { OptionReader } from "./options.ts";
import { type FileSource, readSecretFile } from "./secret-file.ts";

export interface HookConfig {
  readonly url: string;
  readonly timeoutMs: number;
  readonly secret: string | null;
}

/** Null without a hook. */
export function hookOf(read: OptionReader, files: FileSource): HookConfig | null {
  const url = read("hook.url");
  const timeoutMs = read("hook.timeout-ms")!;
  const secret = hookSecret(read("hook.secret"), read("hook.secret-file"), files);
  if (url !== null) return { url, timeoutMs, secret };
  if (secret !== null) throw new ConfigError("hook.url: is missing, hook.secret needs it");
  return null;
}

function hookSecret(secret: string | null, file: string | null, files: FileSource): string | null {
  if (file === null) return secret;
  if (secret !== null) throw new ConfigError("hook.secret: is set, and so is hook.secret-file");
  const text = readSecretFile("hook.secret-file", file, files).trim();
  if (text === "") throw new ConfigError(`hook.secret-file: ${file} is empty`);
  return text;
}
