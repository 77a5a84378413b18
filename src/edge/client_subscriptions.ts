import { matches, type Pattern } from "../address/pattern.ts";
import type { SignalName } from "../wire/message.ts";
import type { ParamUpdate, Update } from "./update.ts";

/** What a subscription of a client is for. */
export interface ClientSubscription {
  readonly pattern: Pattern;
  /** Undefined: all. */
  readonly types: readonly SignalName[] | undefined;
  /** Whether the router's answer brings earlier values. */
  readonly hasHistory: boolean;
  readonly onUpdate: (update: Update) => void;
}

type State =
  /**
   * Until the router has sent all that there is: newest revisions delivered so far. The snapshot that
   * follows WELCOME brings params that the one of the subscription brings again.
   */
  | { readonly phase: "answered"; readonly delivered: Map<string, number> }
  /** Until then with history: params that came, by address. They are delivered in order, together. */
  | { readonly phase: "gathering"; readonly gathered: Map<string, Gathered[]> }
  | { readonly phase: "established" };

interface Gathered {
  readonly update: ParamUpdate;
  /** It came in a SNAPSHOT: the other subscriptions have not been told of it. */
  readonly isHeldBack: boolean;
}

interface Entry extends ClientSubscription {
  state: State;
}

/**
 * Who is to be told what of all that a client receives: a router sends each update once, and does not
 * say for which subscription. Revisions go up for each subscription, also while a history that
 * another one asked for comes in.
 */
export class ClientSubscriptions {
  readonly #entries = new Map<number, Entry>();

  /** Adds one that is being asked for. */
  add(id: number, subscription: ClientSubscription): void {
    const state: State = subscription.hasHistory
      ? { phase: "gathering", gathered: new Map() }
      : { phase: "answered", delivered: new Map() };
    this.#entries.set(id, { ...subscription, state });
  }

  /** The router has sent all that there is. */
  established(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { state } = entry;
    entry.state = { phase: "established" };
    if (state.phase !== "gathering") return;
    this.#release(state.gathered, entry);
    for (const gathered of state.gathered.values()) {
      for (const update of inOrder(gathered)) entry.onUpdate(update);
    }
  }

  /** Removes one; false when there is none. */
  remove(id: number): boolean {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry?.state.phase === "gathering") this.#release(entry.state.gathered, entry);
    return entry !== undefined;
  }

  /** A param in a SNAPSHOT: as it is, or as it was. */
  shown(update: ParamUpdate): void {
    const entries = this.#concerned(update);
    const isHeldBack = entries.some(({ state }) => state.phase === "gathering");
    for (const entry of entries) {
      if (entry.state.phase !== "established" || !isHeldBack) deliver(entry, update, isHeldBack);
    }
  }

  /** A change of a param, or a signal. */
  told(update: Update): void {
    for (const entry of this.#concerned(update)) deliver(entry, update, false);
  }

  #concerned({ kind, address }: Update): Entry[] {
    return [...this.#entries.values()].filter(({ pattern, types }) =>
      (types === undefined || types.includes(kind)) && matches(pattern, address)
    );
  }

  /** What was held back goes to those who did not gather it, where it is the newest. */
  #release(gathered: ReadonlyMap<string, readonly Gathered[]>, by: Entry): void {
    for (const updates of gathered.values()) {
      const newest = inOrder(updates).at(-1);
      const isTold = updates.some(({ update, isHeldBack }) =>
        !isHeldBack && update.revision === newest?.revision
      );
      if (newest === undefined || isTold) continue;
      for (const entry of this.#concerned(newest)) {
        if (entry !== by && entry.state.phase === "established") entry.onUpdate(newest);
      }
    }
  }
}

function deliver(entry: Entry, update: Update, isHeldBack: boolean): void {
  const { state, onUpdate } = entry;
  if (update.kind === "param") {
    if (state.phase === "gathering") {
      const gathered = state.gathered.get(update.address);
      if (gathered !== undefined) gathered.push({ update, isHeldBack });
      else state.gathered.set(update.address, [{ update, isHeldBack }]);
      return;
    }
    if (state.phase === "answered") {
      if (update.revision <= (state.delivered.get(update.address) ?? -1)) return;
      state.delivered.set(update.address, update.revision);
    }
  }
  onUpdate(update);
}

/** Each revision once, the oldest first. */
function inOrder(gathered: readonly Gathered[]): ParamUpdate[] {
  const byRevision = new Map(gathered.map(({ update }) => [update.revision, update]));
  return [...byRevision.values()].sort((a, b) => a.revision - b.revision);
}
