/** What a load client speaks. A relay is sent the same frames as clasp-fed, without a handshake. */
export type LoadProtocolName = "clasp" | "relay" | "nats" | "mqtt" | "mqtt-qos1";

/** What a client speaks that wants the values which are there. */
export type CollectProtocolName = LoadProtocolName | "jetstream";

/** What one load client does; travels as JSON on its command line. */
export interface LoadPlan {
  readonly protocol: LoadProtocolName;
  readonly writerPort: number;
  readonly readerPort: number;
  readonly readers: number;
  readonly addresses: number;
  /** How long the same load is written before, at full speed, and not measured. */
  readonly warmUpSeconds: number;
  readonly messages: number;
  /** Updates under way at most. */
  readonly window: number;
  /** Even pace; without it, as fast as the window allows. */
  readonly updatesPerSecond?: number;
  /** Each update asks for an acknowledgement of its own, and the window waits for it too. */
  readonly isConfirmed: boolean;
}

/** What came of the measured updates. */
export interface LoadResult {
  readonly durationMs: number;
  /** Updates that readers got, all of them together. */
  readonly deliveries: number;
  /** Updates that some reader never got. */
  readonly lost: number;
  /** Updates that some reader got again. */
  readonly duplicates: number;
  /** Addresses at which some reader saw something else last than what was written last. */
  readonly wrong: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A line that a load client writes. */
export type LoadLine =
  /** Warm: told "go", it starts what is measured. */
  | { readonly kind: "ready" }
  /** A sign of life. */
  | { readonly kind: "alive" }
  | { readonly kind: "result"; readonly result: LoadResult }
  /** It cannot go on. */
  | { readonly kind: "failed"; readonly reason: string }
  | Collected;

/** All values have come, or no more are waited for. */
export interface Collected {
  readonly kind: "collected";
  /** When the leaf listened, milliseconds of the wall clock. */
  readonly openMs: number;
  /** When all had come. */
  readonly atMs: number;
  readonly lost: number;
  readonly wrong: number;
}

/** What a client does that collects values: the number of each address, as its value. */
export interface CollectPlan {
  readonly protocol: CollectProtocolName;
  readonly readerPort: number;
  readonly addresses: number;
}
