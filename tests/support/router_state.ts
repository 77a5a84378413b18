import { isReserved } from "../../src/router/reserved.ts";
import { assertEquals } from "./assert.ts";
import { RawClient } from "./raw_client.ts";

/** One param, as a SNAPSHOT tells of it. */
export interface ParamState {
  /** Type code and data, in hex. */
  readonly value: string;
  readonly revision: number;
  readonly writer: string | undefined;
  readonly timestampMicros: number | undefined;
}

/** All params of a router. */
export type RouterState = ReadonlyMap<string, ParamState>;

/** What a router's HELLO answers to a new client: its whole state, but what it shows of its links. */
export async function readState(port: number): Promise<RouterState> {
  await using client = await RawClient.connect(port, "state reader");
  // Its ACK comes after the snapshot of HELLO, which has no end of its own.
  await client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/no/such/param", types: 0 });
  const state = new Map<string, ParamState>();
  for (const { address, value, ...rest } of client.all("SNAPSHOT").flatMap((s) => s.params)) {
    // Each router shows its own uplink there, and round trips change.
    if (isReserved(address)) continue;
    if (state.has(address)) throw new Error(`A snapshot holds "${address}" twice`);
    const { revision, writer, timestampMicros } = rest;
    state.set(address, { value: value.toHex(), revision, writer, timestampMicros });
  }
  return state;
}

/**
 * Reads the state of all routers again and again until they agree on `isComplete` states, and returns
 * what they agree on.
 *
 * @throws {AssertionError} with the difference, when they do not within `deadlineMs`
 */
export async function untilAlike(
  ports: readonly number[],
  deadlineMs: number,
  isComplete: (state: RouterState) => boolean = () => true,
): Promise<RouterState> {
  const start = performance.now();
  for (;;) {
    const states = await Promise.all(ports.map(readState));
    const isLate = performance.now() - start > deadlineMs;
    const [first = new Map(), ...others] = states.map(sorted);
    if (states.every(isComplete) && others.every((other) => isSame(first, other))) return first;
    if (!isLate) continue;
    for (const other of others) assertEquals(other, first, "the routers differ");
    throw new Error(`After ${deadlineMs} ms the routers agree, but on too little`);
  }
}

function sorted(state: RouterState): RouterState {
  return new Map([...state].sort(([a], [b]) => a < b ? -1 : 1));
}

function isSame(a: RouterState, b: RouterState): boolean {
  return JSON.stringify([...a]) === JSON.stringify([...b]);
}
