import type { ParamUpdate } from "../edge/update.ts";

/** A param as a router shows it. */
export type ShownParam = Pick<
  ParamUpdate,
  "address" | "encoded" | "revision" | "writer" | "timestampMicros"
>;

/** Params by address. */
export type ShownState = ReadonlyMap<string, ShownParam>;

/** Versions that are remembered of each side of an address. */
const SEEN_MAX = 100;

/** An address that two routers do not show alike. */
export interface Difference {
  readonly address: string;
  readonly left: ShownParam | undefined;
  readonly right: ShownParam | undefined;
}

/** Where two states differ, in the order of addresses. */
export function differencesOf(left: ShownState, right: ShownState): Difference[] {
  const found: Difference[] = [];
  for (const [address, param] of left) {
    const other = right.get(address);
    if (!isSame(param, other)) found.push({ address, left: param, right: other });
  }
  for (const [address, param] of right) {
    if (!left.has(address)) found.push({ address, left: undefined, right: param });
  }
  return found.sort((a, b) => a.address < b.address ? -1 : 1);
}

/** Whether two routers show the same version: revision, stamp, who stamped it, and value. */
export function isSame(a: ShownParam | undefined, b: ShownParam | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.revision === b.revision && a.timestampMicros === b.timestampMicros &&
    a.writer === b.writer && a.encoded.length === b.encoded.length &&
    a.encoded.every((byte, index) => byte === b.encoded[index]);
}

/**
 * An address that two routers did not show alike, looked at again and again: while it changes, they may
 * never be asked at the same moment. They are alike when both have shown one version since then: none
 * goes back to an older one, so the other has caught up with what it lacked.
 */
export class ContestedAddress {
  readonly #seen: readonly [ShownParam[], ShownParam[]] = [[], []];
  #last: Difference;

  constructor(difference: Difference) {
    this.#last = difference;
    this.#add(0, difference.left);
    this.#add(1, difference.right);
  }

  /** As it was shown last. */
  get difference(): Difference {
    return this.#last;
  }

  /** It was looked at again, at both about the same time. Returns whether they are alike. */
  looked(left: ShownParam | undefined, right: ShownParam | undefined): boolean {
    this.#last = { ...this.#last, left, right };
    this.#add(0, left);
    this.#add(1, right);
    const [lefts, rights] = this.#seen;
    return isSame(left, right) || lefts.some((one) => rights.some((other) => isSame(one, other)));
  }

  #add(side: 0 | 1, param: ShownParam | undefined): void {
    const seen = this.#seen[side];
    if (param !== undefined && seen.push(param) > SEEN_MAX) seen.shift();
  }
}
