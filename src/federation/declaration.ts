import { parsePattern, patternProblem } from "../address/pattern.ts";
import { FEDERATION_PATTERNS_BYTES_MAX, MAX_FEDERATION_PATTERNS } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { NamespaceSyncMessage } from "../wire/message.ts";
import type { Claim } from "./claims.ts";
import { routerIdProblem } from "./router_id.ts";

/** What a router declares on a link. */
export interface Declaration {
  readonly claims: readonly Claim[];
  /** Router ids from the sender to the root, as far as it knows. */
  readonly path: readonly string[];
}

/**
 * The messages of a declaration: as many as it takes, all but the last marked "more follows".
 * `unclaimed` is declared first when the sender answers for what nobody owns; it has no owner and is
 * no claim.
 */
export function declare(
  origin: string,
  declaration: Declaration & { readonly unclaimed?: string },
): NamespaceSyncMessage[] {
  const entries = declaration.claims.map(({ pattern, ownerId, live }) => ({
    pattern: pattern.text,
    facts: { ownerId, live },
  }));
  if (declaration.unclaimed !== undefined) {
    entries.unshift({ pattern: declaration.unclaimed, facts: { ownerId: "", live: true } });
  }
  const chunks: (typeof entries)[] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    const size = 5 + utf8BytesMax(entry.pattern) + utf8BytesMax(entry.facts.ownerId);
    if (bytes + size > FEDERATION_PATTERNS_BYTES_MAX) {
      chunks.push([]);
      bytes = 0;
    }
    bytes += size;
    chunks.at(-1)?.push(entry);
  }
  return chunks.map((chunk, index) => ({
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: chunk.map(({ pattern }) => pattern),
    revisions: [],
    origin,
    declare: {
      more: index < chunks.length - 1,
      claims: chunk.map(({ facts }) => facts),
      path: declaration.path,
    },
  }));
}

/** Size in UTF-8, or more: asked of every claim for every leaf, so nothing is encoded for it. */
function utf8BytesMax(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) bytes += 2;
  }
  return bytes;
}

/** Puts the messages of a declaration together again. */
export class DeclarationReader {
  #claims: Claim[] = [];
  readonly #patternsMax: number;

  constructor(patternsMax: number = MAX_FEDERATION_PATTERNS) {
    this.#patternsMax = patternsMax;
  }

  /**
   * The declaration when this message completes it, undefined when more follow, or a refusal. After
   * a refusal the link must end: what would follow is no whole declaration.
   */
  read(message: NamespaceSyncMessage): Declaration | Refusal | undefined {
    const { patterns, declare: trailer } = message;
    const count = this.#claims.length + patterns.length;
    if (count > this.#patternsMax) {
      return {
        code: ERROR_CODE.revisionConflict,
        message: `Cannot declare ${count} namespaces: at most ${this.#patternsMax} ` +
          "patterns a peer are allowed",
      };
    }
    for (const [index, text] of patterns.entries()) {
      const facts = trailer?.claims[index];
      if (facts === undefined) {
        return {
          code: ERROR_CODE.invalidMessage,
          message: `Cannot declare "${text}": its owner is not told`,
        };
      }
      if (facts.ownerId === "") continue;
      const problem = patternProblem(text);
      if (problem !== undefined) {
        return { code: ERROR_CODE.invalidPattern, message: `Cannot declare "${text}": ${problem}` };
      }
      const idProblem = routerIdProblem(facts.ownerId);
      if (idProblem !== undefined) return unreadable(idProblem);
      this.#claims.push({ pattern: parsePattern(text), ...facts });
    }
    for (const routerId of trailer?.path ?? []) {
      const idProblem = routerIdProblem(routerId);
      if (idProblem !== undefined) return unreadable(idProblem);
    }
    if (trailer?.more === true) return undefined;
    const claims = this.#claims;
    this.#claims = [];
    return { claims, path: trailer?.path ?? [] };
  }
}

function unreadable(why: string): Refusal {
  return { code: ERROR_CODE.invalidMessage, message: `Cannot read a declaration: ${why}` };
}

/** Remembers what was declared last: telling it again would be answered in kind, for ever. */
export class LastDeclared {
  #last: Declaration | undefined;

  /** Whether this says something else than the last; remembers it. It must not change. */
  isNews(declaration: Declaration): boolean {
    if (this.#last !== undefined && isSame(declaration, this.#last)) return false;
    this.#last = declaration;
    return true;
  }
}

function isSame(a: Declaration, b: Declaration): boolean {
  return a.claims.length === b.claims.length && a.path.length === b.path.length &&
    a.path.every((id, index) => id === b.path[index]) &&
    a.claims.every((claim, index) => isSameClaim(claim, b.claims[index]));
}

function isSameClaim(a: Claim, b: Claim | undefined): boolean {
  return a === b || (a.live === b?.live && a.ownerId === b.ownerId &&
    a.pattern.text === b.pattern.text);
}

/** Tells a refusal from a declaration. */
export function isRefusal(result: Declaration | Refusal): result is Refusal {
  return "code" in result;
}
