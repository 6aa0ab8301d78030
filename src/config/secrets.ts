/** The file of a cluster's secrets: who knows one of them may be a member. */
import { SECRETS_MAX } from "../limits.ts";

/** What a passphrase does not have. */
const SECRET_BYTES_MIN = 32;

/** A secret file that cannot be used; the message is the end of one line, without the secret. */
export class SecretError extends Error {}

/**
 * The secrets of a file: 1 to 3 lines, each of 32 bytes or more as hex or base64. Empty lines and such
 * that begin with # are skipped. Throws a SecretError.
 */
export function parseSecrets(text: string): readonly Uint8Array[] {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"));
  if (lines.length === 0) throw new SecretError("it has no secret");
  if (lines.length > SECRETS_MAX) {
    throw new SecretError(`it has ${lines.length} secrets, at most ${SECRETS_MAX} count`);
  }
  return lines.map(({ text: line, number }) => {
    const secret = decodeSecret(line);
    if (secret === null) throw new SecretError(`line ${number} is neither hex nor base64`);
    if (secret.length < SECRET_BYTES_MIN) {
      throw new SecretError(
        `line ${number} has ${secret.length} bytes, a secret has ${SECRET_BYTES_MIN} or more`,
      );
    }
    return secret;
  });
}

function decodeSecret(line: string): Uint8Array | null {
  if (/^(?:[0-9a-f]{2})+$/i.test(line)) return new Uint8Array(Buffer.from(line, "hex"));
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(line)) return null;
  return new Uint8Array(Buffer.from(line, "base64"));
}
