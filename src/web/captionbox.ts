/** The box in which whoever publishes writes captions: each is shown with the picture of its moment. */
import { messageOf } from "../errors.ts";
import { byId, setNotice, setText } from "./dom.ts";

/** `send` rejects with an Error that a person can read. */
export function startCaptionBox(send: (text: string) => Promise<unknown>): void {
  const input = byId<HTMLInputElement>("caption");
  byId("captioning").addEventListener("submit", (event) => {
    event.preventDefault();
    void show(send, input);
  });
}

async function show(
  send: (text: string) => Promise<unknown>,
  input: HTMLInputElement,
): Promise<void> {
  const text = input.value.trim();
  if (text === "") return;
  try {
    await send(text);
    input.value = "";
    setText(byId("captioned"), `Sent: ${text}`);
    setNotice(byId("caption-notice"), "");
  } catch (error) {
    setNotice(byId("caption-notice"), messageOf(error));
  }
}
