import { DIGEST_DEPTH_MAX } from "../limits.ts";
import { childrenOf, type Digest, type DigestNode, digestsEqual } from "../state/digest_tree.ts";
import { compareVersions } from "../state/version.ts";
import type { DigestGroup, DigestList, DigestMessage, VersionSummary } from "../wire/message.ts";

/** A node with so many addresses or fewer, on either side, is compared by listing them. */
const LIST_MAX = 16;
/** Parts answered in one step: what differs everywhere is paced, and never held in memory whole. */
const PARTS_PER_STEP = 256;
/** Bytes that the parts of one message may take, so that it fits a frame. */
const MESSAGE_BYTES = 48_000;

/** What one side of an exchange has. */
export interface DigestView {
  digest(node: DigestNode): Digest;
  addresses(node: DigestNode): readonly string[];
  /** The version of an address, without its value. */
  summary(address: string): VersionSummary | undefined;
}

/** What an exchange does. */
export interface DigestExchangeHandler {
  send(message: DigestMessage): void;
  /** The other side lacks these: their versions are to be sent. */
  lacks(addresses: readonly string[]): void;
  /** Both sides have said all; what the other lacks was told by `lacks`. */
  finished(): void;
  /** The other side does not keep to the rules; nothing more is taken from it. */
  broken(why: string): void;
}

type Part =
  | { readonly kind: "group"; readonly node: DigestNode }
  | { readonly kind: "list"; readonly node: DigestNode };

/**
 * One side of a comparison of two stores: finds which versions the other side lacks, and asks for
 * those that this side lacks, telling no more than it takes. Both sides run the same machine; they
 * take turns, a step each, until both have nothing to say.
 */
export class DigestExchange {
  /** Tells its steps from those of another comparison on the same link. */
  readonly id: number;
  readonly #view: DigestView;
  readonly #handler: DigestExchangeHandler;
  readonly #parts: Part[] = [];
  #wants: string[] = [];
  /** Nodes that were compared and lists that were read: an honest side tells each once. */
  readonly #seen = new Set<number>();
  #partsInStep = 0;
  #wasIdle = false;
  #isFinished = false;

  constructor(id: number, view: DigestView, handler: DigestExchangeHandler) {
    this.id = id;
    this.#view = view;
    this.#handler = handler;
  }

  /** The first step: the digest of everything. */
  start(): void {
    this.#handler.send({ ...EMPTY_STEP, exchangeId: this.id, root: this.#view.digest(ROOT) });
  }

  /** Takes in the other side's step, and answers it when it is whole. */
  received(message: DigestMessage): void {
    if (this.#isFinished) return;
    this.#partsInStep += message.groups.length + message.lists.length;
    if (this.#partsInStep > PARTS_PER_STEP) {
      this.#isFinished = true;
      return this.#handler.broken(
        `A step of a digest has more than ${PARTS_PER_STEP} groups and lists`,
      );
    }
    if (message.root !== undefined) this.#compare(ROOT, message.root);
    for (const group of message.groups) this.#compareGroup(group);
    for (const list of message.lists) this.#compareList(list);
    if (message.wants.length > 0) this.#handler.lacks(message.wants);
    if (message.more) return;
    this.#partsInStep = 0;
    if (message.idle && this.#wasIdle) return this.#finish();
    this.#step(message.idle);
  }

  #finish(): void {
    this.#isFinished = true;
    this.#handler.finished();
  }

  #step(otherIsIdle: boolean): void {
    const parts = this.#parts.splice(0, PARTS_PER_STEP);
    const wants = this.#wants;
    this.#wants = [];
    this.#wasIdle = parts.length === 0 && wants.length === 0;
    for (const message of this.#messages(parts, wants)) {
      this.#handler.send({ ...message, exchangeId: this.id });
    }
    if (this.#wasIdle && otherIsIdle) this.#finish();
  }

  #compareGroup({ depth, index, children }: DigestGroup): void {
    for (const [child, node] of childrenOf({ depth, index }).entries()) {
      const theirs = children[child];
      if (theirs !== undefined) this.#compare(node, theirs);
    }
  }

  #compare(node: DigestNode, theirs: Digest): void {
    if (!this.#isFirst(node, 0)) return;
    const mine = this.#view.digest(node);
    if (digestsEqual(mine, theirs)) return;
    if (theirs.count === 0) return this.#handler.lacks(this.#view.addresses(node));
    const isListed = node.depth >= DIGEST_DEPTH_MAX || mine.count <= LIST_MAX ||
      theirs.count <= LIST_MAX;
    this.#parts.push({ kind: isListed ? "list" : "group", node });
  }

  #isFirst({ depth, index }: DigestNode, kind: 0 | 1): boolean {
    const key = (index * 8 + depth) * 2 + kind;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  #compareList({ depth, index, versions }: DigestList): void {
    if (!this.#isFirst({ depth, index }, 1)) return;
    // A router that has just started lacks all: nothing is to be compared.
    if (versions.length === 0) return this.#handler.lacks(this.#view.addresses({ depth, index }));
    const theirs = new Map(versions.map((version) => [version.address, version]));
    const lacks: string[] = [];
    for (const address of this.#view.addresses({ depth, index })) {
      const mine = this.#view.summary(address);
      const other = theirs.get(address);
      theirs.delete(address);
      if (mine === undefined) continue;
      const order = other === undefined ? 1 : compareSummaries(mine, other);
      if (order > 0) lacks.push(address);
      else if (order < 0) this.#wants.push(address);
    }
    this.#wants.push(...theirs.keys());
    if (lacks.length > 0) this.#handler.lacks(lacks);
  }

  #messages(parts: readonly Part[], wants: readonly string[]): readonly DigestMessage[] {
    const packer = new StepPacker();
    for (const { kind, node } of parts) {
      if (kind === "group") {
        const children = childrenOf(node).map((child) => this.#view.digest(child));
        packer.add("groups", { ...node, children }, GROUP_BYTES);
      } else {
        const list = this.#listOf(node);
        packer.add("lists", list, listBytes(list));
      }
    }
    for (const address of wants) packer.add("wants", address, 2 + 3 * address.length);
    return packer.messages(this.#wasIdle);
  }

  #listOf(node: DigestNode): DigestList {
    const versions = this.#view.addresses(node).flatMap((address) =>
      this.#view.summary(address) ?? []
    );
    const list = { ...node, versions };
    if (listBytes(list) <= MESSAGE_BYTES) return list;
    // The other side has few here and this one too many to list. Each side then sends all that it
    // has of the part: what it tells to have nothing of, it is sent.
    this.#handler.lacks(versions.map(({ address }) => address));
    return { ...node, versions: [] };
  }
}

interface MutableStep {
  groups: DigestGroup[];
  lists: DigestList[];
  wants: string[];
}

/** Packs the parts of a step into messages that fit a frame. */
class StepPacker {
  readonly #steps: MutableStep[] = [{ groups: [], lists: [], wants: [] }];
  #bytes = 0;

  add<Key extends keyof MutableStep>(
    key: Key,
    item: MutableStep[Key][number],
    bytes: number,
  ): void {
    if (this.#bytes + bytes > MESSAGE_BYTES) {
      this.#steps.push({ groups: [], lists: [], wants: [] });
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    (this.#steps.at(-1)?.[key] as MutableStep[Key][number][]).push(item);
  }

  messages(idle: boolean): readonly DigestMessage[] {
    return this.#steps.map((step, index) => ({
      ...EMPTY_STEP,
      ...step,
      more: index < this.#steps.length - 1,
      idle,
    }));
  }
}

const ROOT: DigestNode = { depth: 0, index: 0 };
const EMPTY_STEP: DigestMessage = {
  type: "FEDERATION_SYNC",
  op: "Digest",
  exchangeId: 0,
  more: false,
  idle: false,
  root: undefined,
  groups: [],
  lists: [],
  wants: [],
};
/** Place and present children, then sixteen times a count of up to five bytes and two sums. */
const GROUP_BYTES = 5 + 16 * 13;

/** As `compareVersions`; what has expired is newer than the same version before. */
function compareSummaries(a: VersionSummary, b: VersionSummary): number {
  return compareVersions(a, b) || Number(a.tombstone ?? false) - Number(b.tombstone ?? false);
}

const ENCODER = new TextEncoder();

/** What a list takes at most, its origins counted for each version. */
function listBytes({ versions }: DigestList): number {
  return versions.reduce(
    (bytes, { address, origin }) => bytes + 22 + ENCODER.encode(address + origin).length,
    7,
  );
}
