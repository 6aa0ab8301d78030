/** Tables that are refreshed each second without losing focus, selection or scroll position. */

/** Shows one row an item, in order; `cells` gives text or a node for each column. */
export function fillTable<T>(
  body: HTMLElement,
  items: readonly T[],
  keyOf: (item: T) => string,
  cells: (item: T) => readonly (string | Node)[],
): void {
  const rows = new Map<string, HTMLTableRowElement>();
  for (const row of body.querySelectorAll("tr")) rows.set(row.dataset.key ?? "", row);
  items.forEach((item, index) => {
    const key = keyOf(item);
    const row = rows.get(key) ?? document.createElement("tr");
    rows.delete(key);
    row.dataset.key = key;
    fillRow(row, cells(item));
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
  for (const row of rows.values()) row.remove();
}

function fillRow(row: HTMLTableRowElement, values: readonly (string | Node)[]): void {
  values.forEach((value, index) => {
    const cell = row.cells[index] ?? row.insertCell();
    if (typeof value === "string") {
      if (cell.textContent !== value) cell.textContent = value;
    } else if (!sameNode(cell.firstElementChild, value)) {
      cell.replaceChildren(value);
    }
  });
}

/** A button or link that looks the same stays, with its focus and its listener. */
function sameNode(old: Element | null, fresh: Node): boolean {
  return old?.isEqualNode(fresh) ?? false;
}
