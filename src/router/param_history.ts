import { matches, type Pattern } from "../address/pattern.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import { compareVersions, isLive, type Version } from "../state/version.ts";
import type { Params } from "./params.ts";

/** How a {@linkcode ParamHistory} is set up. */
export interface ParamHistoryOptions {
  readonly params: Pick<Params, "get" | "walk" | "hasOutlived" | "journal">;
  readonly pattern: Pattern;
  /** Values of an address at most, the current one included. */
  readonly valuesMax: number;
  /** End of the journal when the client subscribed: of all that came later it is told anyway. */
  readonly subscribedAt: number;
}

/** What an address was, and is. */
interface Past {
  readonly address: string;
  /** Of its changes in the journal, oldest first; the last one made its current version. */
  readonly sequences: readonly number[];
}

/** A past while it is looked for, from the newest change back. */
interface Finding {
  /** Newest first. */
  readonly sequences: number[];
  /** The oldest found so far. */
  oldest: Version | undefined;
  isComplete: boolean;
}

/**
 * What a SUBSCRIBE with `history` is answered from: params whose walk begins with those that match
 * and have a past in the journal. The values of each follow one another, oldest first, and its
 * current version comes last. Then come all others, whether they match or not; with a literal
 * pattern its address only.
 *
 * Nothing older comes behind something newer: an address that changes after the SUBSCRIBE has no past
 * any more, for its client may have been told of the change. Nor has one that has expired.
 */
export class ParamHistory implements Pick<ParamStore, "get" | "walk"> {
  readonly #options: ParamHistoryOptions;
  /** The earlier version that was walked last. */
  #earlier: { readonly past: Past; readonly version: Version } | undefined;

  constructor(options: ParamHistoryOptions) {
    this.#options = options;
  }

  /** What is to be sent of an address that was walked last and had to wait. */
  get(address: string): Version | undefined {
    const earlier = this.#earlier;
    return earlier?.past.address === address && this.#isShown(earlier.past, earlier.version)
      ? earlier.version
      : this.#options.params.get(address);
  }

  *walk(): Iterator<Param, undefined> {
    const told = new Set<string>();
    // Found when it is its turn, not when it was asked for: many may wait.
    for (const past of this.#findPasts()) {
      yield* this.#walkEarlier(past);
      const { address } = past;
      const version = this.#options.params.get(address);
      if (version === undefined) continue;
      told.add(address);
      yield { address, version };
    }
    const rest = this.#walkAll();
    for (let next = rest.next(); !next.done; next = rest.next()) {
      if (!told.has(next.value.address)) yield next.value;
    }
    return undefined;
  }

  *#walkEarlier(past: Past): Generator<Param, void> {
    const { address } = past;
    for (const sequence of past.sequences.slice(0, -1)) {
      const version = this.#options.params.journal.at(sequence)?.version;
      if (version === undefined || !this.#isShown(past, version)) continue;
      this.#earlier = { past, version };
      yield { address, version };
    }
    this.#earlier = undefined;
  }

  /** Whether an address has not changed since its past was found, and this part of it may be shown. */
  #isShown({ address, sequences }: Past, version: Version): boolean {
    const { params } = this.#options;
    const newest = params.journal.at(sequences.at(-1) ?? -1)?.version;
    const current = params.get(address);
    return newest !== undefined && isLive(current) && compareVersions(newest, current) === 0 &&
      !params.hasOutlived(version);
  }

  #walkAll(): Iterator<Param, undefined> {
    const { params, pattern } = this.#options;
    return pattern.isLiteral ? walkOne(params, pattern.text) : params.walk();
  }

  /** The address that changed last comes first. */
  #findPasts(): Past[] {
    const { params: { journal }, pattern } = this.#options;
    const findings = new Map<string, Finding>();
    for (let sequence = journal.end - 1; sequence >= journal.first; sequence--) {
      const address = journal.addressAt(sequence);
      if (address === undefined) break;
      if (pattern.isLiteral && address !== pattern.text) continue;
      let finding = findings.get(address);
      if (finding === undefined) {
        const isComplete = sequence >= this.#options.subscribedAt || !matches(pattern, address);
        finding = { sequences: [], oldest: undefined, isComplete };
        findings.set(address, finding);
      }
      if (!finding.isComplete) this.#find(finding, sequence);
    }
    return [...findings].filter(([, { sequences }]) => sequences.length > 1)
      .map(([address, { sequences }]) => ({ address, sequences: sequences.reverse() }));
  }

  #find(finding: Finding, sequence: number): void {
    const { params, valuesMax } = this.#options;
    const version = params.journal.at(sequence)?.version;
    if (!isLive(version)) {
      // What was before it has expired.
      finding.isComplete = true;
      return;
    }
    const { oldest } = finding;
    const isNewest = oldest === undefined;
    if (!isNewest && (!isEarlier(version, oldest) || params.hasOutlived(version))) return;
    finding.sequences.push(sequence);
    finding.oldest = version;
    finding.isComplete = finding.sequences.length >= valuesMax;
  }
}

/**
 * Whether one is another version than the other, and older. A version that was raised is the same in
 * two states; and what a router forgets may come back older than it was.
 */
function isEarlier(version: Version, than: Version): boolean {
  const isSame = version.origin === than.origin &&
    (version.timestampMicros === than.timestampMicros || version.revision === than.revision);
  return !isSame && version.revision < than.revision && compareVersions(version, than) < 0;
}

function* walkOne(
  params: Pick<ParamStore, "get">,
  address: string,
): Iterator<Param, undefined> {
  const version = params.get(address);
  if (version !== undefined) yield { address, version };
  return undefined;
}
