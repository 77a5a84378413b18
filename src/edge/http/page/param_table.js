import { numberText, spanText, valueText } from "./format.js";

/** No browser scrolls further than this, in pixels. */
const SCROLL_MAX = 8_000_000;
const SPARE_ROWS = 6;
const FLASH_MS = 700;

/** A table of params that makes elements only for the rows in view. */
export class ParamTable {
  #viewport;
  #sizer;
  #count;
  #pool = [];
  #rows = [];

  /** `viewport` scrolls; `count` says how many there are. */
  constructor({ viewport, sizer, count }) {
    this.#viewport = viewport;
    this.#sizer = sizer;
    this.#count = count;
  }

  /** Draws what is in view of these rows; `factsOf` tells owner and freshness of an address. */
  draw(rows, { total, nowMs, timeMicros, factsOf }) {
    this.#rows = rows;
    const rowHeight = this.#viewport.clientWidth < 640 ? 92 : 30;
    const capacity = Math.floor(SCROLL_MAX / rowHeight);
    const height = Math.min(rows.length, capacity) * rowHeight;
    this.#sizer.style.height = `${height}px`;
    this.#count.textContent = countText(rows.length, total, capacity);
    this.#viewport.setAttribute("aria-rowcount", String(rows.length));
    const first = Math.max(0, Math.floor(this.#viewport.scrollTop / rowHeight) - SPARE_ROWS);
    const visible = Math.ceil(this.#viewport.clientHeight / rowHeight) + 2 * SPARE_ROWS;
    const last = Math.min(rows.length, capacity, first + visible);
    this.#grow(last - first);
    for (const [index, element] of this.#pool.entries()) {
      const row = first + index < last ? rows[first + index] : undefined;
      element.root.hidden = row === undefined;
      if (row === undefined) continue;
      element.root.style.transform = `translateY(${(first + index) * rowHeight}px)`;
      element.root.setAttribute("aria-rowindex", String(first + index + 1));
      fill(element, row, { nowMs, timeMicros, facts: factsOf(row.address) });
    }
  }

  #grow(count) {
    while (this.#pool.length < count) {
      const element = makeRow();
      this.#pool.push(element);
      this.#sizer.append(element.root);
    }
  }
}

function countText(shown, total, capacity) {
  const all = numberText(total);
  if (shown > capacity) {
    return `${numberText(shown)} of ${all}; the first ${numberText(capacity)} are listed`;
  }
  return shown === total ? `${all} params` : `${numberText(shown)} of ${all} params`;
}

function makeRow() {
  const root = document.createElement("div");
  root.className = "row";
  root.setAttribute("role", "row");
  const cells = {};
  for (const name of ["address", "value", "owner", "revision", "age", "fresh"]) {
    const cell = document.createElement("span");
    cell.className = `cell ${name}`;
    cell.setAttribute("role", "cell");
    cells[name] = cell;
    root.append(cell);
  }
  return { root, cells };
}

function fill({ root, cells }, row, { nowMs, timeMicros, facts }) {
  row.text ??= valueText(row.value);
  say(cells.address, row.address, row.address);
  say(cells.value, row.text, row.text);
  say(cells.owner, facts.owner, facts.owner);
  say(cells.revision, String(row.revision));
  say(cells.age, row.timeMicros === undefined ? "" : spanText((timeMicros - row.timeMicros) / 1e6));
  say(cells.fresh, facts.fresh, facts.fresh);
  root.classList.toggle("stale", facts.isStale);
  root.classList.toggle("flash", nowMs - row.changedMs < FLASH_MS);
}

/** Only what is different is written: layout costs more than comparing. */
function say(cell, text, title) {
  if (cell.textContent !== text) cell.textContent = text;
  if (title !== undefined && cell.title !== title) cell.title = title;
}
