import { valueText } from "./format.js";

/** All params that the page knows, and those of them that a filter leaves, in order. */
export class ParamStore {
  #rows = new Map();
  #shown = [];
  #isStale = true;
  #filter = [];
  #sort = { key: "address", isDown: false };
  #generation = 0;
  #ownerOf = () => "";
  #costMs = 0;
  #sortedAtMs = -Infinity;

  get size() {
    return this.#rows.size;
  }

  /** Takes in one param; `timeMicros` is federation time, `nowMs` the page's clock. */
  put({ address, value, revision }, { nowMs, timeMicros }) {
    const row = this.#rows.get(address);
    if (row === undefined) {
      const born = { address, value, revision: revision ?? 0, timeMicros, changedMs: 0 };
      this.#rows.set(address, { ...born, generation: this.#generation, text: undefined });
      this.#isStale = true;
      return;
    }
    row.generation = this.#generation;
    if (revision !== undefined && revision === row.revision) return;
    row.value = value;
    row.text = undefined;
    row.revision = revision ?? row.revision + 1;
    row.timeMicros = timeMicros;
    row.changedMs = nowMs;
    if (this.#sort.key !== "address" || this.#filter.length > 0) this.#isStale = true;
  }

  /** From here on all params are told again. */
  beginAnew() {
    this.#generation++;
  }

  /** All that was not told again has expired. */
  dropOld() {
    for (const [address, { generation }] of this.#rows) {
      if (generation === this.#generation) continue;
      this.#rows.delete(address);
      this.#isStale = true;
    }
  }

  /** Who owns an address, as other claims say. */
  owners(ownerOf) {
    this.#ownerOf = ownerOf;
    if (this.#filter.length > 0 || this.#sort.key === "owner") this.#isStale = true;
  }

  /** Only rows that have all of these words in their address, owner or value. */
  filter(text) {
    this.#filter = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    this.#isStale = true;
    this.#sortedAtMs = -Infinity;
  }

  sort(key, isDown) {
    this.#sort = { key, isDown };
    this.#isStale = true;
    this.#sortedAtMs = -Infinity;
  }

  /** Rows to show, in order. Sorted anew only now and then when that takes long. */
  shown(nowMs) {
    const isDue = nowMs - this.#sortedAtMs >= Math.max(200, 8 * this.#costMs);
    if (!this.#isStale || !isDue) return this.#shown;
    const start = performance.now();
    const rows = [...this.#rows.values()].filter((row) => this.#isWanted(row));
    const direction = this.#sort.isDown ? -1 : 1;
    const key = this.#keyOf();
    rows.sort((a, b) => direction * compare(key(a), key(b)) || compare(a.address, b.address));
    this.#shown = rows;
    this.#isStale = false;
    this.#costMs = performance.now() - start;
    this.#sortedAtMs = nowMs;
    return rows;
  }

  #isWanted(row) {
    if (this.#filter.length === 0) return true;
    row.text ??= valueText(row.value);
    const whole = `${row.address} ${this.#ownerOf(row.address)} ${row.text}`.toLowerCase();
    return this.#filter.every((word) => whole.includes(word));
  }

  #keyOf() {
    switch (this.#sort.key) {
      case "owner":
        return (row) => this.#ownerOf(row.address);
      case "revision":
        return (row) => row.revision;
      case "age":
        return (row) => -row.timeMicros;
      default:
        return (row) => row.address;
    }
  }
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
