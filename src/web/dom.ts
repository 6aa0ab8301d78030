/** Small helpers shared by the pages. Text always goes in as text, never as markup. */

/** The element with this id; the pages own their markup, so a missing one is our bug. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element #${id}`);
  return element as T;
}

/** Makes an element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** Sets text only when it changed, so that screen readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows a sentence in an aria-live region, or hides the region when there is none. */
export function setNotice(element: HTMLElement, text: string): void {
  setText(element, text);
  element.hidden = text === "";
}
