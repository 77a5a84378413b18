import { CLAIMS_MAX } from "../limits.ts";
import { covers, overlaps } from "../address/coverage.ts";
import type { Pattern } from "../address/pattern.ts";
import { PatternIndex } from "../address/pattern_index.ts";
import { compareSpecificity } from "../address/specificity.ts";
import { FoundByMark } from "../state/found_by_mark.ts";
import type { ParamSlot } from "../state/param_slot.ts";

/** A namespace as this router knows it. */
export interface Claim {
  readonly pattern: Pattern;
  /** The router that owns it. */
  readonly ownerId: string;
  /** Whether the owner is connected to the federation. */
  readonly live: boolean;
}

/**
 * Where claims come from: this router's own configuration, the hub, or a leaf (by its router id; it
 * stays known when the leaf is away).
 */
export type ClaimSource =
  | { readonly kind: "self" }
  | { readonly kind: "hub" }
  | { readonly kind: "leaf"; readonly routerId: string };

/** Two live claims of different owners on the same addresses. */
export interface ClaimConflict {
  /** The one that was left out. */
  readonly later: Claim;
  readonly earlier: Claim;
}

/** A claim and where it came from. */
export interface SourcedClaim extends Claim {
  readonly source: ClaimSource;
}

/** All claims that a router knows, and the answer to: who owns this address? */
export class Claims {
  readonly #bySource = new Map<string, readonly SourcedClaim[]>();
  readonly #index = new PatternIndex<SourcedClaim>();
  /** The claims that were found; null: nobody claims it. */
  readonly #found = new FoundByMark<SourcedClaim | null, SourcedClaim | null>();
  #count = 0;

  /** Claims known, of all sources. */
  get size(): number {
    return this.#count;
  }

  /**
   * The claim that covers an address most specifically, live or not; undefined when nobody claims
   * it, which makes it the root's.
   *
   * @param slot Where the address is kept, if it is: then it is found there the next time.
   */
  ownerOf(address: string, slot?: ParamSlot): SourcedClaim | undefined {
    const known = slot === undefined ? this.#found.of(address) : this.#found.at(slot.ownerMark);
    if (known !== undefined) return known ?? undefined;
    const best = this.#find(address);
    const found = this.#found.markOf(best) ?? this.#found.add(best, best);
    if (slot !== undefined) slot.ownerMark = found;
    else this.#found.note(address, found);
    return best ?? undefined;
  }

  #find(address: string): SourcedClaim | null {
    let best: SourcedClaim | null = null;
    this.#index.forEachMatch(address, (claim) => {
      if (best === null || isBetter(claim, best)) best = claim;
    });
    return best;
  }

  /** Whether this router or one below it claims the address, be it a part of which another claims. */
  isClaimedHere(address: string): boolean {
    let isClaimed = false;
    this.#index.forEachMatch(address, ({ source }) => {
      if (source.kind !== "hub") isClaimed = true;
    });
    return isClaimed;
  }

  /**
   * Replaces all claims of a source. Live ones that conflict with a live claim of another owner are
   * left out and returned; claims of others that are not live yield.
   */
  replace(source: ClaimSource, claims: readonly Claim[]): readonly ClaimConflict[] {
    this.#put(source, []);
    const accepted: SourcedClaim[] = [];
    const conflicts: ClaimConflict[] = [];
    for (const claim of claims) {
      const earlier = claim.live ? this.#liveConflict(claim) : undefined;
      if (earlier !== undefined) {
        conflicts.push({ later: claim, earlier });
        continue;
      }
      if (claim.live) this.#yieldTo(claim);
      accepted.push({ ...claim, source });
    }
    this.#put(source, accepted);
    return conflicts;
  }

  /** What would conflict, were these claims declared. Changes nothing. */
  conflictsOf(source: ClaimSource, claims: readonly Claim[]): readonly ClaimConflict[] {
    const conflicts: ClaimConflict[] = [];
    for (const later of claims) {
      const earlier = later.live ? this.#liveConflict(later, keyOf(source)) : undefined;
      if (earlier !== undefined) conflicts.push({ later, earlier });
    }
    return conflicts;
  }

  /**
   * Whether a source may have so many claims. Forgets those of leaves that are away, the longest
   * known first, as far as it takes.
   */
  makeRoom(source: ClaimSource, count: number): boolean {
    const before = this.of(source).length;
    for (const [key, claims] of [...this.#bySource]) {
      if (this.#count - before + count <= CLAIMS_MAX) return true;
      const [first] = claims;
      if (key === keyOf(source) || first?.source.kind !== "leaf") continue;
      if (claims.every(({ live }) => !live)) this.#put(first.source, []);
    }
    return this.#count - before + count <= CLAIMS_MAX;
  }

  /** All, of whatever source. */
  all(): readonly SourcedClaim[] {
    return [...this.#bySource.values()].flat();
  }

  /** The claims of one source. */
  of(source: ClaimSource): readonly SourcedClaim[] {
    return this.#bySource.get(keyOf(source)) ?? [];
  }

  /** The way to a source is lost: its claims stay known, none of them live. */
  markLost(source: ClaimSource): void {
    const claims = this.#bySource.get(keyOf(source)) ?? [];
    this.#put(source, claims.map((claim) => ({ ...claim, live: false })));
  }

  /** The best claim for each pattern, those of one source left out. */
  declaredTo(source: ClaimSource): readonly SourcedClaim[] {
    const excluded = keyOf(source);
    const best = new Map<string, SourcedClaim>();
    for (const [key, claims] of this.#bySource) {
      if (key === excluded) continue;
      for (const claim of claims) {
        const other = best.get(claim.pattern.text);
        if (other === undefined || isBetter(claim, other)) best.set(claim.pattern.text, claim);
      }
    }
    return [...best.values()];
  }

  #put(source: ClaimSource, claims: readonly SourcedClaim[]): void {
    const key = keyOf(source);
    const before = this.#bySource.get(key) ?? [];
    for (const claim of before) this.#index.delete(claim.pattern, claim);
    for (const claim of claims) this.#index.add(claim.pattern, claim);
    this.#count += claims.length - before.length;
    if (claims.length === 0) this.#bySource.delete(key);
    else this.#bySource.set(key, claims);
    this.#found.forget();
  }

  #liveConflict(claim: Claim, exceptKey?: string): SourcedClaim | undefined {
    for (const [key, claims] of this.#bySource) {
      if (key === exceptKey) continue;
      const found = claims.find((other) => other.live && conflict(claim, other));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #yieldTo(claim: Claim): void {
    for (const claims of [...this.#bySource.values()]) {
      const remaining = claims.filter((other) => other.live || !conflict(claim, other));
      const source = claims[0]?.source;
      if (source !== undefined && remaining.length < claims.length) this.#put(source, remaining);
    }
  }
}

/** Equal patterns, or an overlap in which neither covers the other: nesting is no conflict. */
function conflict(a: Claim, b: Claim): boolean {
  if (a.ownerId === b.ownerId) return false;
  if (a.pattern.text === b.pattern.text) return true;
  if (!overlaps(a.pattern, b.pattern)) return false;
  const aCoversB = covers(a.pattern, b.pattern);
  const bCoversA = covers(b.pattern, a.pattern);
  return aCoversB === bCoversA;
}

function isBetter(a: SourcedClaim, b: SourcedClaim): boolean {
  if (a.pattern.text === b.pattern.text) {
    if (a.live !== b.live) return a.live;
    // An owner that is connected here itself is not looked for elsewhere: it has moved.
    return isDirect(a) && !isDirect(b);
  }
  return compareSpecificity(a.pattern, b.pattern) > 0;
}

function isDirect({ source, ownerId }: SourcedClaim): boolean {
  return source.kind === "self" || (source.kind === "leaf" && source.routerId === ownerId);
}

function keyOf(source: ClaimSource): string {
  return source.kind === "leaf" ? `leaf ${source.routerId}` : source.kind;
}
