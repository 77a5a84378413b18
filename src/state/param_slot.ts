import type { Param } from "./param_store.ts";
import type { Version } from "./version.ts";

/** What a mark says that nobody has made yet: all others are at least 0. */
const UNMARKED = -1;

/**
 * The place of one param in a store: the same one as long as the param is kept, in whatever version.
 *
 * Whoever finds something out about the address notes it here as a number, so that an update finds all
 * of it with the param. A number that is not known (any more) to who made it means: to be found anew.
 */
export class ParamSlot implements Param {
  readonly address: string;
  /** The newest one known. Replaced by the store only. */
  version: Version;
  /** Made by `Subscriptions`: who wants it. */
  targetsMark: number = UNMARKED;
  /** Made by `Claims`: who owns it. */
  ownerMark: number = UNMARKED;
  /** Made by `LazyDigests`: when it was noted that it has changed. */
  changeMark: number = UNMARKED;

  constructor(address: string, version: Version) {
    this.address = address;
    this.version = version;
  }
}
