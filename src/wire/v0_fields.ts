import { V0_FIELDS_MAX } from "../limits.ts";
import { ByteReader } from "./byte_reader.ts";
import type { EncodedValue } from "./message.ts";
import { type MessagePackHead, readHead } from "./message_pack_head.ts";
import {
  failed,
  isNot,
  readNumber,
  readText,
  readUnsigned,
  skipItem,
} from "./message_pack_items.ts";
import { readMessagePackValue } from "./message_pack_value.ts";
import type { WireError } from "./wire_error.ts";

const U32_MAX = 0xffff_ffff;
/** The public JS client writes these as it names them itself, the Rust one as on the right. */
const RUST_NAMES: ReadonlyMap<string, string> = new Map([
  ["maxRate", "max_rate"],
  ["correlationId", "correlation_id"],
  ["sinceRevision", "since_revision"],
]);

/**
 * The named fields of one map of a v0 message. Where each begins is found first, since they stand in
 * any order; each is read when it is asked for. Nobody reads the ones that nobody knows.
 *
 * A field that is nil counts as absent, which is how some clients write what they leave out; where a
 * value is asked for, nil is the value null.
 */
export class V0Fields {
  /** Index after the map's last byte. */
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #starts = new Map<string, number>();
  readonly #start: number;
  readonly #limit: number;
  #name: string;

  /**
   * @param bytes Not copied.
   * @param start Index of the map's first byte.
   * @param limit Index that nothing is read at or beyond.
   * @param name What the map is, for errors.
   * @throws {WireError} When there is no whole map with names for keys.
   */
  constructor(bytes: Uint8Array, start: number, limit: number, name: string) {
    this.#bytes = bytes;
    this.#start = start;
    this.#limit = limit;
    this.#name = name;
    const reader = new ByteReader(bytes, start, limit);
    const head = readHead(reader, name);
    if (head.kind !== "map") throw isNot(start, name, head, "a map");
    if (head.length > V0_FIELDS_MAX) {
      throw failed(start, name, `it has ${head.length} fields, at most ${V0_FIELDS_MAX} are read`);
    }
    for (let i = 0; i < head.length; i++) this.#index(reader);
    this.end = reader.position;
  }

  /** Names the map in errors, once its type is known. */
  rename(name: string): void {
    this.#name = name;
  }

  /** Whether a field is there and is not nil. */
  has(name: string): boolean {
    return this.#reader(name) !== undefined;
  }

  /** Whether a field is there, nil or not. */
  isNamed(name: string): boolean {
    return this.#starts.has(name);
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#missing(name);
  }

  optionalString(name: string): string | undefined {
    const reader = this.#reader(name);
    return reader && readText(reader, this.#what(name));
  }

  /** A list of strings; none when it is absent. */
  strings(name: string): string[] {
    const reader = this.#reader(name);
    if (reader === undefined) return [];
    const count = this.#count(reader, name);
    const strings: string[] = [];
    for (let i = 0; i < count; i++) strings.push(readText(reader, this.#what(name)));
    return strings;
  }

  /** A whole number from 0 to `max`. */
  unsigned(name: string, max: number = U32_MAX): number {
    return this.optionalUnsigned(name, max) ?? this.#missing(name);
  }

  optionalUnsigned(name: string, max: number = U32_MAX): number | undefined {
    const reader = this.#reader(name);
    return reader && readUnsigned(reader, max, this.#what(name));
  }

  /** A whole number from 0 to 2^53 - 1. */
  u64(name: string): number {
    return this.unsigned(name, Number.MAX_SAFE_INTEGER);
  }

  optionalU64(name: string): number | undefined {
    return this.optionalUnsigned(name, Number.MAX_SAFE_INTEGER);
  }

  /** A number, be it written as a float or as an integer. */
  optionalNumber(name: string): number | undefined {
    const reader = this.#reader(name);
    return reader && readNumber(reader, this.#what(name));
  }

  optionalBool(name: string): boolean | undefined {
    const reader = this.#reader(name);
    if (reader === undefined) return undefined;
    const at = reader.position;
    const head = readHead(reader, this.#what(name));
    if (head.kind !== "bool") throw isNot(at, this.#what(name), head, "a bool");
    return head.value;
  }

  /** A list of numbers; none when it is absent. */
  optionalNumbers(name: string): number[] | undefined {
    const reader = this.#reader(name);
    if (reader === undefined) return undefined;
    const count = this.#count(reader, name);
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) numbers.push(readNumber(reader, this.#what(name)));
    return numbers;
  }

  /** A value, nil being null. */
  value(name: string): EncodedValue {
    const start = this.#starts.get(name);
    if (start === undefined) return this.#missing(name);
    return readMessagePackValue(this.#at(start), this.#what(name));
  }

  optionalValue(name: string): EncodedValue | undefined {
    return this.has(name) ? this.value(name) : undefined;
  }

  /** A map within this one. */
  optionalFields(name: string): V0Fields | undefined {
    const reader = this.#reader(name);
    if (reader === undefined) return undefined;
    return new V0Fields(this.#bytes, reader.position, this.#limit, this.#what(name));
  }

  /** The kind of a field, for one that may be written in several ways. */
  kind(name: string): MessagePackHead["kind"] | undefined {
    const reader = this.#reader(name);
    return reader && readHead(reader, this.#what(name)).kind;
  }

  /**
   * Reads each map of a list, as it comes; none when it is absent.
   *
   * @param begin Told how many there are, before the first is read.
   */
  each<Item>(
    name: string,
    read: (fields: V0Fields) => Item,
    begin: (count: number, at: number) => void = () => {},
  ): Item[] {
    const reader = this.#reader(name);
    if (reader === undefined) return [];
    const at = reader.position;
    const count = this.#count(reader, name);
    begin(count, at);
    const items: Item[] = [];
    for (let i = 0; i < count; i++) {
      const fields = new V0Fields(this.#bytes, reader.position, this.#limit, this.#what(name));
      items.push(read(fields));
      reader.skip(fields.end - reader.position);
    }
    return items;
  }

  /** The keys of a map whose items are whole numbers, each with its number; none when it is absent. */
  u64s(name: string): [string, number][] {
    const reader = this.#reader(name);
    if (reader === undefined) return [];
    const what = this.#what(name);
    const at = reader.position;
    const head = readHead(reader, what);
    if (head.kind !== "map") throw isNot(at, what, head, "a map");
    const entries: [string, number][] = [];
    for (let i = 0; i < head.length; i++) {
      entries.push([readText(reader, what), readUnsigned(reader, Number.MAX_SAFE_INTEGER, what)]);
    }
    return entries;
  }

  /** The error for a field that says something that nobody knows. */
  unknown(name: string, found: string): WireError {
    const at = this.#starts.get(name) ?? this.#start;
    return failed(at, this.#what(name), `${JSON.stringify(found.slice(0, 64))} is not known`);
  }

  #index(reader: ByteReader): void {
    const at = reader.position;
    const key = readText(reader, `a name in ${this.#name}`);
    const name = RUST_NAMES.get(key) ?? key;
    if (this.#starts.has(name)) throw failed(at, this.#name, `it has "${name.slice(0, 64)}" twice`);
    this.#starts.set(name, reader.position);
    skipItem(reader, this.#name);
  }

  /** At the field, or undefined when it is absent or nil. */
  #reader(name: string): ByteReader | undefined {
    const start = this.#starts.get(name);
    if (start === undefined || this.#bytes[start] === 0xc0) return undefined;
    return this.#at(start);
  }

  #at(start: number): ByteReader {
    return new ByteReader(this.#bytes, start, this.#limit);
  }

  #count(reader: ByteReader, name: string): number {
    const at = reader.position;
    const head = readHead(reader, this.#what(name));
    if (head.kind !== "array") throw isNot(at, this.#what(name), head, "an array");
    return head.length;
  }

  #what(name: string): string {
    return `${this.#name} ${name}`;
  }

  #missing(name: string): never {
    throw failed(this.#start, this.#name, `it has no "${name}"`);
  }
}
