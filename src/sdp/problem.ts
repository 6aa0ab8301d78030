/**
 * Why a session description or an ICE fragment was refused, ready for an RFC 9457 body. Malformed
 * text is 400, text over a limit 413, text that parses but cannot be served 422.
 */
export interface SdpProblem {
  readonly status: 400 | 413 | 422;
  /** Short and fixed for one kind of problem. */
  readonly title: string;
  /** A sentence that names the line or section, and what to do about it. */
  readonly detail: string;
}

/** Whether a result of this folder is a refusal. Only problems have a `status`. */
export function isProblem(result: object): result is SdpProblem {
  return "status" in result;
}

export function malformed(detail: string): SdpProblem {
  return { status: 400, title: "Malformed session description", detail };
}

export function tooLarge(detail: string): SdpProblem {
  return { status: 413, title: "Session description too large", detail };
}

export function unusable(detail: string): SdpProblem {
  return { status: 422, title: "Session description cannot be served", detail };
}

/** Remote text as it may be quoted in a detail: short and printable. */
export function quote(text: string): string {
  const printable = text.slice(0, 60).replace(/[^ -~]/g, "?");
  return text.length > 60 ? `"${printable}..."` : `"${printable}"`;
}
