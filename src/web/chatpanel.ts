/** Chat, raised hands and reactions beside a picture. What people write goes in as text. */
import { messageOf } from "../errors.ts";
import { makeChat } from "./chatparts.ts";
import { takeBack } from "./discussion.ts";
import { byId, make, setNotice, setText } from "./dom.ts";
import { RETRACT, type StreamEvent } from "./streamevent.ts";
import { reactionOf, Talk, textOf } from "./talk.ts";

/** By the name that is read out. */
const REACTIONS: Readonly<Record<string, string>> = {
  Applause: "👏",
  Heart: "❤️",
  Laughter: "😂",
  Surprise: "😮",
};
const GUEST = "Guest";
/** How long a reaction is shown (style.css has the same). */
const BUBBLE_MS = 3_000;
const BUBBLES_MAX = 20;
/** So near to its end a list goes on with what comes. */
const NEAR_PX = 40;

export interface ChatOptions {
  /** The stream. */
  readonly name: string;
  /** Rejects with an Error that a person can read. */
  readonly send: (type: string, data: object) => Promise<StreamEvent>;
  /** Whoever publishes takes back what others said, and lowers their hands. */
  readonly moderates: boolean;
}

export class ChatPanel {
  readonly #options: ChatOptions;
  readonly #talk = new Talk();
  /** What was sent from here. */
  readonly #own = new Set<number>();
  #hand: number | null = null;
  readonly #parts = makeChat();
  readonly #rows = new Map<number, HTMLElement>();

  constructor(options: ChatOptions) {
    this.#options = options;
    const { form, hand } = this.#parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#say();
    });
    for (const [name, sign] of Object.entries(REACTIONS)) this.#offer(name, sign);
    hand.hidden = options.moderates;
    hand.addEventListener("click", () => void this.#turnHand());
    addEventListener("pagehide", () => {
      if (this.#hand !== null) takeBack(options.name, this.#hand, true).catch(() => undefined);
    });
  }

  /** The stream has a chat. */
  show(): void {
    this.#parts.section.hidden = false;
    byId("stage").classList.add("talks");
  }

  #offer(name: string, sign: string): void {
    const button = make("button", "small", sign);
    button.type = "button";
    button.ariaLabel = name;
    button.title = name;
    button.addEventListener("click", () => void this.#try("reaction", { text: sign }));
    this.#parts.reactions.append(button);
  }

  async #say(): Promise<void> {
    const { words } = this.#parts;
    const text = words.value.trim();
    if (text === "") return;
    const sent = await this.#try("chat", { text });
    if (sent !== null) words.value = "";
  }

  async #turnHand(): Promise<void> {
    const id = this.#hand;
    if (id === null) {
      this.#hand = (await this.#try("hand", { up: true }))?.id ?? null;
    } else {
      this.#hand = null;
      await this.#retract(id);
    }
    this.#showHands();
  }

  /** Null, with a sentence that says why, when the server does not take it. */
  async #try(type: string, data: object): Promise<StreamEvent | null> {
    try {
      const sent = await this.#options.send(type, data);
      this.#own.add(sent.id);
      setNotice(this.#parts.notice, "");
      // It is shown as it comes to all, behind what was said before.
      this.#showLines();
      return sent;
    } catch (error) {
      setNotice(this.#parts.notice, messageOf(error));
      return null;
    }
  }

  async #retract(id: number): Promise<void> {
    try {
      await takeBack(this.#options.name, id);
    } catch (error) {
      setNotice(this.#parts.notice, messageOf(error));
    }
  }

  /** Takes what is said, to show it. */
  hear(event: StreamEvent): void {
    const reaction = reactionOf(event);
    if (!this.#talk.take(event)) return;
    if (reaction !== null) this.#rise(reaction.text, reaction.count);
    else if (event.type === "chat" || event.type === RETRACT) this.#showLines();
    if (event.type === RETRACT && event.data.id === this.#hand) this.#hand = null;
    if (event.type === "hand" || event.type === RETRACT) this.#showHands();
  }

  #showLines(): void {
    const { lines: list, empty } = this.#parts;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    const { lines } = this.#talk;
    const kept = new Set(lines.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const line of lines) {
      if (this.#rows.has(line.id)) continue;
      const row = this.#rowOf(line);
      this.#rows.set(line.id, row);
      list.append(row);
    }
    for (const id of this.#own) this.#allowRetract(id);
    empty.hidden = lines.length > 0;
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  #rowOf(line: StreamEvent): HTMLElement {
    const name = make("b", line.from === null ? "muted" : "", line.from ?? GUEST);
    const row = make("li", "", name, " ", make("span", "", textOf(line)));
    if (this.#options.moderates) row.append(this.#retractButton(line));
    return row;
  }

  /** One's own lines can be taken back; that it is one's own is known only when it was sent. */
  #allowRetract(id: number): void {
    const row = this.#rows.get(id);
    const line = this.#talk.lines.find((each) => each.id === id);
    if (row === undefined || line === undefined || row.querySelector("button") !== null) return;
    row.append(this.#retractButton(line));
  }

  #retractButton(line: StreamEvent): HTMLElement {
    const button = make("button", "plain", "×");
    button.type = "button";
    button.title = "Take back";
    button.ariaLabel = `Take back: ${textOf(line)}`;
    button.addEventListener("click", () => void this.#retract(line.id));
    return button;
  }

  #showHands(): void {
    const { hands } = this.#talk;
    const { hand: button, hands: list } = this.#parts;
    button.setAttribute("aria-pressed", String(this.#hand !== null));
    setText(button, this.#hand === null ? "Raise hand" : "Lower hand");
    list.hidden = hands.length === 0;
    list.replaceChildren(...hands.map((hand) => this.#handOf(hand)));
  }

  #handOf(hand: StreamEvent): HTMLElement {
    const name = hand.id === this.#hand ? "You" : (hand.from ?? GUEST);
    const item = make("li", "", `✋ ${name}`);
    if (!this.#options.moderates) return item;
    const button = make("button", "plain", "×");
    button.type = "button";
    button.title = "Lower";
    button.ariaLabel = `Lower the hand of ${name}`;
    button.addEventListener("click", () => void this.#retract(hand.id));
    item.append(button);
    return item;
  }

  #rise(sign: string, count: number): void {
    const bubbles = byId("bubbles");
    if (bubbles.childElementCount >= BUBBLES_MAX) return;
    const bubble = make("span", "bubble", count > 1 ? `${sign} ${count}` : sign);
    bubble.style.setProperty("--x", String(Math.random()));
    bubbles.append(bubble);
    setTimeout(() => bubble.remove(), BUBBLE_MS);
  }
}
