/** Finds who owns an address: the most specific claim that covers it, as routers do. */
export class Owners {
  /** Claims by their first segment; those that begin with a wildcard under "". */
  #byFirst = new Map();
  #cache = new Map();

  /** @param claims As `/status` has them. */
  constructor(claims) {
    const parsed = claims.map((claim) => ({ claim, segments: claim.pattern.slice(1).split("/") }));
    parsed.sort(bySpecificity);
    for (const each of parsed) {
      const first = each.segments[0];
      const key = first.includes("*") ? "" : first;
      const group = this.#byFirst.get(key);
      if (group === undefined) this.#byFirst.set(key, [each]);
      else group.push(each);
    }
  }

  /** The claim, or undefined when nobody claims the address: then it is the root's. */
  of(address) {
    if (this.#cache.has(address)) return this.#cache.get(address);
    const segments = address.slice(1).split("/");
    const found = [segments[0], ""].map((key) =>
      this.#byFirst.get(key)?.find((each) => covers(each.segments, segments))
    ).filter((each) => each !== undefined).sort(bySpecificity)[0]?.claim;
    this.#cache.set(address, found);
    return found;
  }
}

function bySpecificity(a, b) {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(b.segments[index]) - rank(a.segments[index]);
    if (difference !== 0) return difference;
  }
  for (let index = 0; index < a.segments.length; index++) {
    const difference = partial(b.segments[index]) - partial(a.segments[index]);
    if (difference !== 0) return difference;
  }
  // What two routers claim alike belongs to the one that is there.
  if (a.claim.live !== b.claim.live) return a.claim.live ? -1 : 1;
  return a.claim.pattern < b.claim.pattern ? -1 : 1;
}

function rank(segment) {
  if (segment === undefined) return 1;
  if (segment === "**") return 0;
  if (segment === "*") return 2;
  return segment.includes("*") ? 3 : 4;
}

/** More literal characters first, then fewer wildcards. */
function partial(segment = "") {
  if (rank(segment) !== 3) return 0;
  const wildcards = segment.split("*").length - 1;
  return (segment.length - wildcards) - wildcards / 1_000;
}

/** Whether a pattern matches; it takes no longer, however many wildcards a stranger declares. */
function covers(pattern, segments) {
  let reached = new Set([0]);
  for (const segment of pattern) {
    const next = new Set();
    for (const at of reached) {
      if (segment === "**") { for (let to = at; to <= segments.length; to++) next.add(to); }
      else if (at < segments.length && isLike(segment, segments[at])) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(segments.length);
}

function isLike(pattern, text) {
  if (!pattern.includes("*")) return pattern === text;
  const parts = pattern.split("*");
  const [first, last] = [parts[0], parts[parts.length - 1]];
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
