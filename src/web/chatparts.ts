/** What a chat consists of, the same on each page that has a section #chat for it. */
import { byId, make } from "./dom.ts";

/** Characters of a line, as the server takes them. */
const WORDS_MAX = 500;

export interface ChatParts {
  readonly section: HTMLElement;
  readonly hands: HTMLElement;
  /** Nobody has said anything. */
  readonly empty: HTMLElement;
  readonly lines: HTMLElement;
  readonly reactions: HTMLElement;
  readonly hand: HTMLButtonElement;
  readonly form: HTMLFormElement;
  readonly words: HTMLInputElement;
  readonly notice: HTMLElement;
}

/** Fills #chat. */
export function makeChat(): ChatParts {
  const hands = withId("hands", make("ul", "hands"));
  hands.ariaLabel = "Raised hands";
  hands.hidden = true;
  const empty = withId("no-lines", make("p", "hint", "Nobody has said anything yet."));
  const lines = withId("lines", make("ol", "lines"));
  lines.role = "log";
  lines.ariaLabel = "What is said";
  const hand = withId("hand", make("button", "small", "Raise hand"));
  hand.type = "button";
  hand.ariaPressed = "false";
  const legend = make("legend", "hidden", "Reactions");
  const reactions = withId("reactions", make("fieldset", "row", legend, hand));
  const { form, words } = makeForm();
  const notice = withId("chat-notice", make("p", "hint"));
  notice.role = "alert";
  notice.hidden = true;
  const section = byId("chat");
  const title = withId("chat-title", make("h2", "", "Chat"));
  section.setAttribute("aria-labelledby", title.id);
  section.append(title, hands, empty, lines, reactions, form, notice);
  return { section, hands, empty, lines, reactions, hand, form, words, notice };
}

function makeForm(): Pick<ChatParts, "form" | "words"> {
  const words = withId("words", make("input"));
  words.maxLength = WORDS_MAX;
  words.autocomplete = "off";
  words.placeholder = "Say something";
  const label = make("label", "hidden", "Message");
  label.htmlFor = words.id;
  const send = make("button", "primary", "Send");
  send.type = "submit";
  return { form: withId("say", make("form", "row", label, words, send)), words };
}

function withId<T extends HTMLElement>(id: string, element: T): T {
  element.id = id;
  return element;
}
