import { addressProblem } from "../address/address.ts";
import {
  DEFINITION_KEPT_MS,
  DEFINITION_TEXT_BYTES_MAX,
  DEFINITIONS_MAX,
  DEFINITIONS_OF_LINKS_MAX,
  DEFINITIONS_PER_SESSION_MAX,
} from "../limits.ts";
import { ExpiryQueue } from "../state/expiry_queue.ts";
import type { SignalDefinition } from "../wire/message.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "./error_code.ts";
import { isReserved, reservedFor } from "./reserved.ts";

/** Who told a definition: a session of this router, a leaf of it, or its hub. */
export interface DefinitionSource {
  readonly kind: "session" | "leaf" | "hub";
  readonly id: string;
}

/** A definition that is known, and by whom. */
export interface KnownDefinition {
  readonly definition: SignalDefinition;
  readonly source: DefinitionSource;
}

/** What a {@linkcode SignalRegistry} needs around it. */
export interface RegistrySurroundings {
  readonly nowMicros: number;
  after(delayMs: number, action: () => void): unknown;
}

interface Entry extends KnownDefinition {
  /** Its source is gone, and has not told it again. */
  isLost: boolean;
  /** Grows with each definition taken. */
  readonly turn: number;
}

const SWEEP_INTERVAL_MS = 5_000;
const DISTANCE = { session: 0, leaf: 1, hub: 2 } as const;
const ENCODER = new TextEncoder();

/**
 * The definitions of signals that clients announced here, and those that links told: what QUERY is
 * answered from.
 *
 * A definition lives as long as its source, and `DEFINITION_KEPT_MS` more. An address has one for
 * each source; of several the nearest of a source that is there is shown, and of those of sessions the
 * newest. Which of two links was quicker plays no part: routers in a ring would pass two definitions
 * of one address round for ever.
 */
export class SignalRegistry {
  /** Told before the definitions of an address change. */
  observer: ((address: string) => void) | undefined;
  readonly #around: RegistrySurroundings;
  readonly #byAddress = new Map<string, Map<string, Entry>>();
  readonly #bySource = new Map<string, Map<string, Entry>>();
  /** Sources that are gone, by when what they told is forgotten. */
  readonly #lost = new ExpiryQueue();
  #size = 0;
  #ofLinks = 0;
  #turn = 0;
  #isSweepPlanned = false;

  constructor(around: RegistrySurroundings) {
    this.#around = around;
  }

  /** Definitions known, those of one address by several sources each. */
  get size(): number {
    return this.#size;
  }

  /** Sources that are gone and told something that is still known. */
  get sourcesLost(): number {
    return this.#lost.size;
  }

  /** Addresses that have a definition; what changes meanwhile may be in it or not. */
  addresses(): IterableIterator<string> {
    return this.#byAddress.keys();
  }

  /** What is shown of an address; what one source told is left out where that is said. */
  best(address: string, except?: DefinitionSource): KnownDefinition | undefined {
    const exceptKey = except === undefined ? "" : keyOf(except);
    let best: Entry | undefined;
    for (const [key, entry] of this.#byAddress.get(address) ?? []) {
      if (key !== exceptKey && (best === undefined || isBetter(entry, best))) best = entry;
    }
    return best;
  }

  /** Takes what a session announced, all of it or, with a reason, nothing. */
  announce(session: string, definitions: readonly SignalDefinition[]): Refusal | undefined {
    const source: DefinitionSource = { kind: "session", id: session };
    const refusal = firstProblem(definitions) ?? this.#roomProblem(source, definitions);
    if (refusal !== undefined) return refusal;
    for (const definition of definitions) {
      this.#put(source, definition);
      this.#supersede(definition.address);
    }
    return undefined;
  }

  /** Takes a definition that a link told; says why when it does not. */
  offered(source: DefinitionSource, definition: SignalDefinition): Refusal | undefined {
    const problem = definitionProblem(definition);
    if (problem !== undefined) return problem;
    const { address } = definition;
    const isNew = this.#bySource.get(keyOf(source))?.has(address) !== true;
    const isFull = isNew && (this.#ofLinks >= DEFINITIONS_OF_LINKS_MAX || !this.#makeRoom(1));
    if (isFull) {
      return {
        code: ERROR_CODE.overload,
        message: `Definition of "${address}" not kept: the router keeps ` +
          `${DEFINITIONS_MAX} definitions, ${DEFINITIONS_OF_LINKS_MAX} of them from links`,
        address,
      };
    }
    this.#put(source, definition);
    return undefined;
  }

  /** A source has no definition of an address any more. */
  withdrawn(source: DefinitionSource, address: string): void {
    const entry = this.#bySource.get(keyOf(source))?.get(address);
    if (entry !== undefined) this.#remove(entry);
  }

  /** A source is gone: what it told is forgotten after this time, unless it tells it again. */
  sourceLost(source: DefinitionSource, keptMs: number = DEFINITION_KEPT_MS): void {
    const key = keyOf(source);
    const entries = this.#bySource.get(key);
    if (entries === undefined) return;
    for (const entry of entries.values()) {
      const { address } = entry.definition;
      // Another's may be shown in its place from now on.
      if ((this.#byAddress.get(address)?.size ?? 0) > 1) this.observer?.(address);
      entry.isLost = true;
    }
    // It may have been lost before.
    this.#lost.remove(key);
    this.#lost.add(key, this.#around.nowMicros + keptMs * 1_000);
    this.#planSweep();
  }

  #put(source: DefinitionSource, { address, signal, datatype, access }: SignalDefinition): void {
    const key = keyOf(source);
    const before = this.#bySource.get(key)?.get(address);
    const definition = { address, signal, datatype, access };
    if (before?.isLost === false && isSameDefinition(before.definition, definition)) return;
    this.observer?.(address);
    const entry = { definition, source, isLost: false, turn: ++this.#turn };
    if (before === undefined) this.#count(source, 1);
    entriesOf(this.#byAddress, address).set(key, entry);
    entriesOf(this.#bySource, key).set(address, entry);
  }

  #remove({ definition: { address }, source }: Entry): void {
    this.observer?.(address);
    const key = keyOf(source);
    forget(this.#byAddress, { outer: address, inner: key });
    forget(this.#bySource, { outer: key, inner: address });
    this.#count(source, -1);
    if (!this.#bySource.has(key)) this.#lost.remove(key);
  }

  /** A client that is back, or took another's place, announces anew what its old session did. */
  #supersede(address: string): void {
    for (const entry of [...this.#byAddress.get(address)?.values() ?? []]) {
      if (entry.source.kind === "session" && entry.isLost) this.#remove(entry);
    }
  }

  #roomProblem(
    source: DefinitionSource,
    definitions: readonly SignalDefinition[],
  ): Refusal | undefined {
    const known = this.#bySource.get(keyOf(source));
    const added = new Set(definitions.map(({ address }) => address));
    for (const address of known?.keys() ?? []) added.delete(address);
    if ((known?.size ?? 0) + added.size > DEFINITIONS_PER_SESSION_MAX) {
      return tooMany(
        `this session would have more than ${DEFINITIONS_PER_SESSION_MAX}, its limit`,
        definitions,
      );
    }
    if (this.#makeRoom(added.size)) return undefined;
    return tooMany(`the router keeps ${DEFINITIONS_MAX}, its limit; try again later`, definitions);
  }

  /** Forgets what lost its source longest ago, source by source, as far as it takes. */
  #makeRoom(count: number): boolean {
    while (this.#size + count > DEFINITIONS_MAX) {
      if (!this.#forgetFirstLost(Infinity)) return false;
    }
    return true;
  }

  /** Forgets what a source told that is gone; false when there is none whose time has come. */
  #forgetFirstLost(untilMicros: number): boolean {
    const key = this.#lost.takeDue(untilMicros);
    if (key === undefined) return false;
    for (const entry of [...this.#bySource.get(key)?.values() ?? []]) {
      if (entry.isLost) this.#remove(entry);
    }
    return true;
  }

  #count({ kind }: DefinitionSource, change: 1 | -1): void {
    this.#size += change;
    if (kind !== "session") this.#ofLinks += change;
  }

  #planSweep(): void {
    if (this.#isSweepPlanned) return;
    this.#isSweepPlanned = true;
    this.#around.after(SWEEP_INTERVAL_MS, () => {
      this.#isSweepPlanned = false;
      const { nowMicros } = this.#around;
      while (this.#forgetFirstLost(nowMicros)) {
        // Until none is left whose time has come.
      }
      if (this.#lost.size > 0) this.#planSweep();
    });
  }
}

/** Whether two definitions of an address say the same in a RESULT. */
export function isSameDefinition(a: SignalDefinition, b: SignalDefinition): boolean {
  return a.signal === b.signal && a.datatype === b.datatype && a.access === b.access;
}

function isBetter(a: Entry, b: Entry): boolean {
  if (a.isLost !== b.isLost) return b.isLost;
  if (a.source.kind !== b.source.kind) {
    return DISTANCE[a.source.kind] < DISTANCE[b.source.kind];
  }
  return a.source.kind === "session" ? a.turn > b.turn : a.source.id < b.source.id;
}

function keyOf({ kind, id }: DefinitionSource): string {
  return `${kind} ${id}`;
}

function entriesOf(map: Map<string, Map<string, Entry>>, key: string): Map<string, Entry> {
  const entries = map.get(key) ?? new Map<string, Entry>();
  map.set(key, entries);
  return entries;
}

function forget(
  map: Map<string, Map<string, Entry>>,
  { outer, inner }: { readonly outer: string; readonly inner: string },
): void {
  const entries = map.get(outer);
  entries?.delete(inner);
  if (entries?.size === 0) map.delete(outer);
}

function firstProblem(definitions: readonly SignalDefinition[]): Refusal | undefined {
  for (const definition of definitions) {
    const problem = definitionProblem(definition);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function definitionProblem({ address, datatype, access }: SignalDefinition): Refusal | undefined {
  const refuse = (code: ErrorCode, why: string): Refusal => ({
    code,
    message: `Cannot announce "${address}": ${why}`,
    address,
  });
  const problem = addressProblem(address);
  if (problem !== undefined) return refuse(ERROR_CODE.invalidAddress, problem);
  if (isReserved(address)) return refuse(ERROR_CODE.refused, reservedFor(address));
  for (const [name, text = ""] of [["datatype", datatype], ["access", access]] as const) {
    const bytes = ENCODER.encode(text).length;
    if (bytes > DEFINITION_TEXT_BYTES_MAX) {
      const why = `its ${name} has ${bytes} bytes, at most ${DEFINITION_TEXT_BYTES_MAX} are kept`;
      return refuse(ERROR_CODE.invalidValue, why);
    }
  }
  return undefined;
}

function tooMany(why: string, definitions: readonly SignalDefinition[]): Refusal {
  return {
    code: ERROR_CODE.tooMany,
    message: `Cannot announce ${definitions.length} definitions: ${why}`,
    address: definitions[0]?.address,
  };
}
