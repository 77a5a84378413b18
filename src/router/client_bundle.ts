import { BUNDLE_AHEAD_MAX_MS, BUNDLED_MESSAGE_BYTES } from "../limits.ts";
import { encodeFrame } from "../wire/frame.ts";
import { FrameTooLargeError } from "../wire/frame_too_large_error.ts";
import type { BundleMessage } from "../wire/message.ts";
import { flatten, type Part } from "./bundle.ts";
import {
  type BundleShare,
  contentProblem,
  type ShareAnswer,
  shareProblem,
  type ShareSender,
  waitingProblem,
} from "./bundle_share.ts";
import { lateRefusal } from "./bundles.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

/** Addresses that an ERROR names of a share, and UTF-16 units of them. */
const ADDRESSES_NAMED = 8;
const NAMES_UNITS_MAX = 512;

/** What a session is told of its bundle. */
export interface BundleAnswers {
  /** Once, and nothing is `refused` then; `revision` is that of its last SET, when that has run. */
  accepted(revision: number | undefined): void;
  /** Once, and it is not `accepted` then. */
  refused(refusal: Refusal): void;
  /** It was accepted: something of it was late, or refused at its time. */
  told(refusal: Refusal): void;
}

/** A share on its way. */
interface SentShare {
  /** Empty: this router. */
  readonly owner: string;
  /** How people are told of it. */
  readonly name: string;
  /** One of its addresses. */
  readonly address: string | undefined;
  /** Undefined when it is answered: what waits for its time does so at its owner. */
  share: BundleShare | undefined;
  readonly hasLastSet: boolean;
  takeBack: () => void;
  answer: ShareAnswer | undefined;
}

/** A client's bundle, from its coming until all who decide some of it have answered. */
export class ClientBundle {
  readonly #router: RouterCore;
  readonly #sender: ShareSender;
  readonly #answers: BundleAnswers;
  readonly #sent: SentShare[] = [];
  #runAtMicros = 0;
  /** When they are for now. */
  #parts: readonly Part[] = [];
  #isAnswered = false;

  constructor(router: RouterCore, sender: ShareSender, answers: BundleAnswers) {
    this.#router = router;
    this.#sender = sender;
    this.#answers = answers;
  }

  /** Addresses of its SETs, when they are not for later. */
  get addresses(): readonly string[] {
    return addressesOf(this.#parts);
  }

  /** Addresses of SETs that are on their way to their owners, and not for later. */
  get awaited(): readonly string[] {
    if (this.#runAtMicros > 0 || this.#isAnswered) return [];
    const elsewhere = this.#sent.filter(({ owner }) => owner !== "");
    return addressesOf(elsewhere.flatMap(({ share }) => share?.parts ?? []));
  }

  /**
   * Sends each share to who decides it. What can be known to be wrong with any of them is found before
   * the first has an effect.
   */
  send(bundle: BundleMessage): void {
    const refusal = this.#prepare(bundle);
    if (refusal !== undefined) return this.#refuse(refusal);
    if (this.#sent.length === 0) return this.#accept();
    for (const sent of this.#sent) {
      // A share that is to wait was refused at once.
      if (this.#isAnswered && this.#runAtMicros > 0) return;
      this.#sendOne(sent);
    }
  }

  #prepare(bundle: BundleMessage): Refusal | undefined {
    const parts: Part[] = [];
    const refusal = flatten(bundle, parts, 1) ?? this.#aheadProblem(bundle);
    if (refusal !== undefined) return refusal;
    const { timestampMicros = 0 } = bundle;
    this.#runAtMicros = timestampMicros > this.#router.timeMicros() ? timestampMicros : 0;
    if (this.#runAtMicros === 0) this.#parts = parts;
    return this.#split(parts) ?? this.#sharesProblem();
  }

  #aheadProblem({ timestampMicros = 0 }: BundleMessage): Refusal | undefined {
    const aheadMs = (timestampMicros - this.#router.timeMicros()) / 1_000;
    if (aheadMs <= BUNDLE_AHEAD_MAX_MS) return undefined;
    return {
      code: ERROR_CODE.invalidValue,
      message:
        `Cannot schedule a bundle ${Math.floor(aheadMs / 1_000)} s ahead of federation time, ` +
        `at most ${BUNDLE_AHEAD_MAX_MS / 1_000} s are allowed; its timestamp is in microseconds`,
    };
  }

  /** Puts together what one owner decides, this router's own first. */
  #split(parts: readonly Part[]): Refusal | undefined {
    const byOwner = new Map<string, Part[]>([["", []]]);
    const isAllHere = this.#runAtMicros === 0 && !parts.some((part) => this.#isSetElsewhere(part));
    for (const part of parts) {
      const owner = isAllHere ? "" : this.#ownerOf(part);
      const share = byOwner.get(owner);
      if (share === undefined) byOwner.set(owner, [part]);
      else share.push(part);
    }
    const lastSet = parts.findLast(({ type }) => type === "SET");
    for (const [owner, ownParts] of byOwner) {
      if (ownParts.length === 0) continue;
      const share = this.#shareOf(ownParts, { isHere: owner === "" });
      if ("code" in share) return share;
      this.#sent.push({
        owner,
        name: this.#nameOf(owner, ownParts),
        address: ownParts[0]?.address,
        share,
        hasLastSet: lastSet !== undefined && ownParts.includes(lastSet),
        takeBack: () => {},
        answer: undefined,
      });
    }
    return undefined;
  }

  #isSetElsewhere({ type, address }: Part): boolean {
    return type === "SET" && this.#router.route(address).kind === "elsewhere";
  }

  #ownerOf({ address }: Part): string {
    if (this.#router.route(address).kind !== "elsewhere") return "";
    return this.#router.federation?.ownerOf(address) ?? "";
  }

  #shareOf(parts: Part[], { isHere }: { readonly isHere: boolean }): BundleShare | Refusal {
    const { params } = this.#router;
    const sizes = this.#runAtMicros > 0 || !isHere ? bytesOf(parts) : 0;
    if (typeof sizes !== "number") return sizes;
    const known = isHere
      ? []
      : parts.map(({ address }) => params.get(address)?.timestampMicros ?? 0);
    return {
      parts,
      bytes: sizes,
      runAtMicros: this.#runAtMicros,
      knownTimestampMicros: known.reduce((a, b) => Math.max(a, b), 0),
      sender: this.#sender,
    };
  }

  #sharesProblem(): Refusal | undefined {
    for (const { owner, share } of this.#sent) {
      if (share === undefined) continue;
      const refusal = owner === ""
        ? this.#problemHere(share)
        : contentProblem(this.#router, share) ?? this.#router.federation?.shareProblem(share);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  // What is to wait is checked for good when its time has come.
  #problemHere(share: BundleShare): Refusal | undefined {
    return share.runAtMicros === 0
      ? shareProblem(this.#router, share)
      : waitingProblem(this.#router, share);
  }

  #sendOne(sent: SentShare): void {
    const { owner, share } = sent;
    if (share === undefined) return;
    const answers = {
      answered: (answer: ShareAnswer) => this.#answered(sent, answer),
      ended: (refusal: Refusal | undefined) => this.#ended(sent, refusal),
    };
    const { bundles, federation } = this.#router;
    sent.takeBack = owner === "" || federation === undefined
      ? bundles.take(share, answers)
      : federation.requestShare(share, answers);
  }

  #answered(sent: SentShare, answer: ShareAnswer): void {
    if (this.#isAnswered) return;
    sent.answer = answer;
    sent.share = undefined;
    if (answer.kind === "refused" && this.#runAtMicros > 0) {
      for (const other of this.#sent) if (other !== sent) other.takeBack();
      return this.#conclude();
    }
    if (this.#sent.every((one) => one.answer !== undefined)) this.#conclude();
  }

  #conclude(): void {
    const refused = this.#sent.filter(({ answer }) => answer?.kind === "refused");
    if (refused.length > 0) return this.#refuse(this.#refusalOf(refused));
    for (const sent of this.#sent) {
      if (sent.answer?.kind !== "accepted" || sent.answer.lateMs === 0) continue;
      this.#answers.told(this.#about(sent, lateRefusal(sent.answer.lateMs)));
    }
    this.#accept();
  }

  #accept(): void {
    this.#isAnswered = true;
    const last = this.#sent.find(({ hasLastSet }) => hasLastSet);
    this.#answers.accepted(last?.answer?.kind === "accepted" ? last.answer.revision : undefined);
  }

  #refuse(refusal: Refusal): void {
    this.#isAnswered = true;
    this.#answers.refused(refusal);
  }

  /** One for all that were refused; what is unknown of one is unknown of the bundle. */
  #refusalOf(refused: readonly SentShare[]): Refusal {
    const all = refused.flatMap((sent) =>
      sent.answer?.kind === "refused" ? [this.#about(sent, sent.answer.refusal)] : []
    );
    const worst = all.find(({ code }) => code === ERROR_CODE.outcomeUnknown) ?? all[0];
    if (worst === undefined) throw new Error("A bundle is refused and none of its shares is");
    if (this.#sent.length === 1) return worst;
    const others = this.#sent.filter((sent) => !refused.includes(sent)).map(({ name }) => name);
    const what = this.#runAtMicros > 0 ? "taken back, if they have not run" : "done";
    const rest = others.length === 0 ? "" : `; the others were ${what}: ${others.join(", ")}`;
    const message = `Bundle not accepted as a whole: ${
      all.map(({ message }) => message).join("; ")
    }${rest}`;
    return { ...worst, message };
  }

  #ended(sent: SentShare, refusal: Refusal | undefined): void {
    if (refusal === undefined) return;
    const about = this.#about(sent, refusal);
    this.#answers.told({
      ...about,
      message: `Bundle scheduled for ${this.#runAtMicros}: ${about.message}`,
    });
  }

  /** Says which share a refusal is about, when there are several. */
  #about(sent: SentShare, refusal: Refusal): Refusal {
    const { address = sent.address } = refusal;
    if (this.#sent.length === 1) return { ...refusal, address };
    return { ...refusal, address, message: `${sent.name}: ${refusal.message}` };
  }

  #nameOf(owner: string, parts: readonly Part[]): string {
    const addresses = [...new Set(parts.map(({ address }) => `"${address}"`))];
    const named = addresses.slice(0, ADDRESSES_NAMED).join(", ").slice(0, NAMES_UNITS_MAX);
    const more = addresses.length - ADDRESSES_NAMED;
    const router = owner === "" ? `router "${this.#router.config.routerId}"` : owner;
    return `the share of ${router} (${named}${more > 0 ? ` and ${more} more` : ""})`;
  }
}

/** What a share takes while it waits, or why it does not fit a frame of its own. */
function bytesOf(parts: readonly Part[]): number | Refusal {
  try {
    const { length } = encodeFrame({ type: "BUNDLE", messages: parts });
    return length + parts.length * BUNDLED_MESSAGE_BYTES;
  } catch (error) {
    if (!(error instanceof FrameTooLargeError)) throw error;
    return {
      code: ERROR_CODE.invalidValue,
      message: `Cannot send the bundle on: ${error.message}`,
    };
  }
}

function addressesOf(parts: readonly Part[]): readonly string[] {
  return [...new Set(parts.filter(({ type }) => type === "SET").map(({ address }) => address))];
}
