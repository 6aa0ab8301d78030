/** The box in which whoever publishes writes captions: each is shown with the picture of its moment. */
import { messageOf } from "../errors.ts";
import { byId, setNotice, setText } from "./dom.ts";
import type { StreamEvents } from "./streamevents.ts";

export function startCaptionBox(events: StreamEvents): void {
  const input = byId<HTMLInputElement>("caption");
  byId("captioning").addEventListener("submit", (event) => {
    event.preventDefault();
    void send(events, input);
  });
}

async function send(events: StreamEvents, input: HTMLInputElement): Promise<void> {
  const text = input.value.trim();
  if (text === "") return;
  try {
    await events.send("caption", { text });
    input.value = "";
    setText(byId("captioned"), `Sent: ${text}`);
    setNotice(byId("caption-notice"), "");
  } catch (error) {
    setNotice(byId("caption-notice"), messageOf(error));
  }
}
