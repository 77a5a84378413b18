/** The number of an update, and when it was seen. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
}

/** What is known when a run is over. */
export interface RestartEnd {
  /** Addresses of which B has seen something else last than A wrote last. */
  readonly wrong: number;
  /** Updates that B got more than once. */
  readonly duplicates: number;
}

/**
 * A hub and two sites under traffic from A to B: numbers that grow, over some addresses, 500 a second.
 * The same scenario for different products.
 */
export interface RestartSubject extends AsyncDisposable {
  readonly hubPort: number;
  /** The number that A wrote last. */
  readonly written: number;
  /** What B has seen so far, in order. */
  readonly arrivals: readonly Arrival[];
  /** Has A write once to each of so many addresses that it never writes to again. */
  writeOnce(addresses: number): void;
  /** SIGKILL. */
  killHub(): Promise<void>;
  /** Starts the hub again, empty, on the same port. Need not wait until it listens. */
  startHub(): Promise<void>;
  /** When which link reached which state, for people; empty when that is not known. */
  trace(openedAtMs: number): readonly string[];
  /** Stops the traffic and waits until nothing is under way. */
  finish(): Promise<RestartEnd>;
}
