import type { EncodedValue } from "./message.ts";
import { writeMessagePackValue } from "./message_pack_value.ts";
import type { MessagePackWriter } from "./message_pack_writer.ts";

const FIELDS_MAX = 15;

/**
 * Writes one map of a v0 message, field by field, and its size last. A field that is undefined is left
 * out.
 */
export class V0MapWriter {
  readonly #writer: MessagePackWriter;
  readonly #start: number;
  #count = 0;

  constructor(writer: MessagePackWriter) {
    this.#writer = writer;
    this.#start = writer.out.length;
    writer.map(0);
  }

  string(name: string, value: string | undefined): void {
    if (value === undefined) return;
    this.#name(name);
    this.#writer.string(value);
  }

  unsigned(name: string, value: number | undefined): void {
    if (value === undefined) return;
    this.#name(name);
    this.#writer.unsigned(value);
  }

  f64(name: string, value: number | undefined): void {
    if (value === undefined) return;
    this.#name(name);
    this.#writer.f64(value);
  }

  bool(name: string, value: boolean | undefined): void {
    if (value === undefined) return;
    this.#name(name);
    this.#writer.bool(value);
  }

  value(name: string, value: EncodedValue | undefined): void {
    if (value === undefined) return;
    this.#name(name);
    writeMessagePackValue(this.#writer, value);
  }

  strings(name: string, values: readonly string[]): void {
    this.#name(name);
    this.#writer.array(values.length);
    for (const value of values) this.#writer.string(value);
  }

  numbers(name: string, values: readonly number[] | undefined): void {
    if (values === undefined) return;
    this.#name(name);
    this.#writer.array(values.length);
    for (const value of values) this.#writer.f64(value);
  }

  /** A map whose keys are names of the caller's and whose items are whole numbers. */
  unsignedMap(name: string, entries: readonly (readonly [string, number])[]): void {
    this.#name(name);
    this.#writer.map(entries.length);
    for (const [key, value] of entries) {
      this.#writer.string(key);
      this.#writer.unsigned(value);
    }
  }

  /** A map within this one. */
  map(name: string, write: (map: V0MapWriter) => void): void {
    this.#name(name);
    this.#inner(write);
  }

  /** A list of maps. */
  maps<Item>(
    name: string,
    items: readonly Item[],
    write: (map: V0MapWriter, item: Item) => void,
  ): void {
    this.#name(name);
    this.#writer.array(items.length);
    for (const item of items) this.#inner((map) => write(map, item));
  }

  #inner(write: (map: V0MapWriter) => void): void {
    write(new V0MapWriter(this.#writer));
  }

  /** The size of a map stands before it, in one byte while it has at most 15 fields; none has more. */
  #name(name: string): void {
    if (this.#count === FIELDS_MAX) throw new RangeError(`Cannot write ${name}: too many fields`);
    this.#writer.out.patchU8(this.#start, 0x80 | ++this.#count);
    this.#writer.string(name);
  }
}
