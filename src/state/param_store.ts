import type { ParamSlot } from "./param_slot.ts";
import type { LiveVersion, Version } from "./version.ts";

/** One param of a store. */
export interface Param {
  /** Valid, without wildcards. */
  readonly address: string;
  /** The newest one known. */
  readonly version: Version;
}

/** One param that has a value. */
export interface LiveParam extends Param {
  /** The newest one known, with its value. */
  readonly version: LiveVersion;
}

/**
 * Where a router keeps its params. The router depends on this interface only, so that another
 * layout in memory can take the place of one object per param.
 */
export interface ParamStore {
  /** Params kept, tombstones included. */
  readonly size: number;
  get(address: string): Version | undefined;
  /** Where a param is kept; undefined when it is not. */
  slot(address: string): ParamSlot | undefined;
  /** Adds or replaces; returns where. The caller has checked the bound on new addresses. */
  put(address: string, version: Version): ParamSlot;
  /** Replaces the version of a param that is kept. */
  replace(slot: ParamSlot, version: Version): void;
  /** Forgets an address. */
  remove(address: string): void;
  /**
   * Walks all params, tombstones included. The walk may be paused for as long as the caller likes while params change: a
   * param that is there from start to end is met exactly once, in its newest version at that moment;
   * one that is added meanwhile may or may not be met.
   */
  walk(): Iterator<Param, undefined>;
}
