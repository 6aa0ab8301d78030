/** Says something of a stream, to all who watch it. */
import { authorization, refusalOf } from "./session.ts";
import type { StreamEvent } from "./streamevent.ts";

/** `at`: of the picture that it is about. Rejects with an Error that a person can read. */
export async function sendStreamEvent(
  address: string,
  token: string | null,
  type: string,
  at: number | null,
  data: object,
): Promise<StreamEvent> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(token) },
    body: JSON.stringify(at === null ? { type, data } : { type, at, data }),
  });
  if (response.status !== 201) throw await refusalOf(response);
  return (await response.json()) as StreamEvent;
}
