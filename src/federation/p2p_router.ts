import {
  NAME_BYTES_MAX,
  P2P_LIFE_MS,
  P2P_SESSIONS_MAX,
  P2P_WAITING_MAX,
  P2P_WAITING_PER_SESSION_MAX,
} from "../limits.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "../router/error_code.ts";
import {
  type OutgoingSignal,
  sessionNotFound,
  type SignalAnswered,
} from "../router/p2p_signals.ts";
import type { EventIdentity } from "../router/publication.ts";
import type { SignalAnswerMessage, SignalsMessage } from "../wire/message.ts";
import type { LaneEvent } from "./event_lane.ts";
import type { FederationCore } from "./federation_core.ts";
import { leaseSessionProblem } from "./lease_holder.ts";
import { PeerLink } from "./link.ts";
import { sessionFrames } from "./session_frames.ts";

const SWEEP_INTERVAL_MS = 500;
const DELIVERED = 0;

/** A signal on its way: its frame is valid during the call. */
export type SignalOnItsWay = Pick<
  LaneEvent,
  "identity" | "deadlineMicros" | "publishedMicros" | "frame"
>;

interface Waiting {
  readonly link: PeerLink;
  readonly deadlineMicros: number;
  readonly answered: (code: number) => void;
}

/**
 * Sends P2P signals to sessions at other routers, each by the one way to its session: down to the leaf
 * that told of it, else up to the hub. Each is answered, within its life, router by router.
 */
export class P2pRouter {
  readonly #core: FederationCore;
  /** Sessions of this router that signal. */
  readonly #own = new Set<string>();
  /** Those of routers below, by the link to them. */
  readonly #below = new Map<string, PeerLink>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #waitingOf = new Map<string, number>();
  #sequence = 0;
  #isSweepPlanned = false;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** Signals that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sessions below that are known. */
  get sessionsBelow(): number {
    return this.#below.size;
  }

  /** A session of this router takes part. Its answers come this way: the hub hears of it first. */
  joined(session: string): void {
    if (this.#own.has(session)) return;
    this.#own.add(session);
    this.#tellUp([session], []);
  }

  sessionEnded(session: string): void {
    if (this.#own.delete(session)) this.#tellUp([], [session]);
  }

  /** Sends a client's signal. `answered` is called exactly once, perhaps before this returns. */
  send({ from, to, frame }: OutgoingSignal, answered: SignalAnswered): void {
    const waiting = this.#waitingOf.get(from) ?? 0;
    if (waiting >= P2P_WAITING_PER_SESSION_MAX) {
      return answered(refusalOf(ERROR_CODE.tooMany, to));
    }
    const { router: { config: { routerId: origin, bootId }, nowMicros } } = this.#core;
    const event: SignalOnItsWay = {
      identity: { origin, bootId, sequence: ++this.#sequence },
      deadlineMicros: nowMicros + P2P_LIFE_MS * 1_000,
      publishedMicros: nowMicros,
      frame,
    };
    this.#waitingOf.set(from, waiting + 1);
    this.#pass(to, event, (code) => {
      const left = (this.#waitingOf.get(from) ?? 1) - 1;
      if (left > 0) this.#waitingOf.set(from, left);
      else this.#waitingOf.delete(from);
      answered(code === DELIVERED ? undefined : refusalOf(code, to));
    });
  }

  /** A signal came by a link. */
  signalled(link: PeerLink, session: string, event: SignalOnItsWay): void {
    const { origin, bootId, sequence } = event.identity;
    const answer = (code: number) => {
      if (link.isDone) return;
      const op = "SignalAnswer";
      link.sendMessage({ type: "FEDERATION_SYNC", op, origin, bootId, sequence, code });
    };
    const { router } = this.#core;
    // Whoever passed it on waits for an answer.
    if (origin === router.config.routerId) return answer(ERROR_CODE.notFound);
    if (event.deadlineMicros <= router.nowMicros) return answer(ERROR_CODE.unavailable);
    if (router.p2p.deliver(session, event.frame, event.deadlineMicros)) return answer(DELIVERED);
    this.#pass(session, event, answer, link);
  }

  /** A peer says what became of a signal. */
  answered(link: PeerLink, { code, ...identity }: SignalAnswerMessage): void {
    const key = keyOf(identity);
    const waiting = this.#waiting.get(key);
    if (waiting?.link !== link) return;
    this.#waiting.delete(key);
    waiting.answered(code);
  }

  /** A peer says which sessions are, or are no more, reached by it. */
  told(link: PeerLink, { joined, left }: Pick<SignalsMessage, "joined" | "left">): void {
    if (joined.length + left.length === 0) return;
    if (link.side !== "hub") {
      return link.refuse(ERROR_CODE.refused, "Sessions refused: a hub tells its leaves of none");
    }
    const known: string[] = [];
    let refusal: Refusal | undefined;
    for (const session of joined) {
      // No news; it goes no further, or it would go round in a ring.
      if (this.#own.has(session) || this.#below.get(session) === link) continue;
      const problem = this.#problemOf(session) ??
        link.grant?.problem("read", `/clasp/p2p/signal/${session}`);
      refusal ??= problem;
      if (problem !== undefined) continue;
      this.#below.set(session, link);
      known.push(session);
    }
    // The first tells enough: there may be hundreds in a message.
    if (refusal !== undefined) link.refuse(refusal.code, refusal.message);
    const gone = left.filter((session) => this.#below.get(session) === link);
    for (const session of gone) this.#below.delete(session);
    this.#tellUp(known, gone);
  }

  /** A link can be used from now on. */
  linkRegistered(link: PeerLink): void {
    if (link.side === "leaf") this.#tell(link, [...this.#own, ...this.#below.keys()], []);
  }

  linkLost(link: PeerLink): void {
    const gone = [...this.#below].filter(([, way]) => way === link).map(([session]) => session);
    for (const session of gone) this.#below.delete(session);
    this.#tellUp([], gone);
    this.#end((waiting) => waiting.link === link);
  }

  #pass(
    session: string,
    { identity, deadlineMicros, publishedMicros, frame }: SignalOnItsWay,
    answered: (code: number) => void,
    from?: PeerLink,
  ): void {
    const { uplink, hubLink, router } = this.#core;
    const link = this.#below.get(session) ?? hubLink;
    if (link === undefined || !(link instanceof PeerLink) || !link.isRegistered) {
      return answered(uplink === undefined ? ERROR_CODE.notFound : ERROR_CODE.unavailable);
    }
    const key = keyOf(identity);
    // Who sent it looked for it here; and one that comes round would do so again.
    if (link === from || this.#waiting.has(key)) return answered(ERROR_CODE.notFound);
    if (this.#waiting.size >= P2P_WAITING_MAX) return answered(ERROR_CODE.overload);
    this.#waiting.set(key, { link, deadlineMicros, answered });
    const lifeMs = Math.max(1, Math.floor((deadlineMicros - router.nowMicros) / 1_000));
    link.send({ identity, publishedMicros, frame }, lifeMs);
    this.#planSweep();
  }

  /** Why a session below cannot be kept, or undefined. */
  #problemOf(session: string): Refusal | undefined {
    if (leaseSessionProblem(session) !== undefined) {
      return {
        code: ERROR_CODE.invalidMessage,
        message: `Session not kept: its id has 1 to ${NAME_BYTES_MAX} bytes and no slash`,
      };
    }
    if (this.#below.has(session) || this.#below.size < P2P_SESSIONS_MAX) return undefined;
    return {
      code: ERROR_CODE.overload,
      message:
        `Session "${session}" not kept: the router knows ${P2P_SESSIONS_MAX} below it, its limit`,
    };
  }

  #tellUp(joined: readonly string[], left: readonly string[]): void {
    const { hubLink } = this.#core;
    if (hubLink instanceof PeerLink && hubLink.isRegistered) this.#tell(hubLink, joined, left);
  }

  #tell(link: PeerLink, joined: readonly string[], left: readonly string[]): void {
    for (const message of sessionFrames(joined, left)) link.sendMessage(message);
  }

  #end(isOver: (waiting: Waiting) => boolean): void {
    for (const [key, waiting] of [...this.#waiting]) {
      if (!isOver(waiting)) continue;
      this.#waiting.delete(key);
      waiting.answered(ERROR_CODE.outcomeUnknown);
    }
  }

  #planSweep(): void {
    if (this.#isSweepPlanned) return;
    this.#isSweepPlanned = true;
    this.#core.router.after(SWEEP_INTERVAL_MS, () => {
      this.#isSweepPlanned = false;
      const { nowMicros } = this.#core.router;
      this.#end(({ deadlineMicros }) => deadlineMicros <= nowMicros);
      if (this.#waiting.size > 0) this.#planSweep();
    });
  }
}

function keyOf({ origin, bootId, sequence }: EventIdentity): string {
  return `${bootId} ${sequence} ${origin}`;
}

/** Why a session was not reached, by the code of an answer. */
function refusalOf(code: number, session: string): Refusal {
  const refuse = (code: ErrorCode, why: string): Refusal => ({
    code,
    message: `Cannot signal session "${session}": ${why}`,
    address: `/clasp/p2p/signal/${session}`,
  });
  switch (code) {
    case ERROR_CODE.notFound:
      return sessionNotFound(session);
    case ERROR_CODE.unavailable:
      return refuse(
        ERROR_CODE.unavailable,
        "it is not at this site, and no way leads to it now; it was not delivered",
      );
    case ERROR_CODE.tooMany:
      return refuse(
        ERROR_CODE.tooMany,
        `${P2P_WAITING_PER_SESSION_MAX} signals of this session wait for their answers`,
      );
    case ERROR_CODE.overload:
      return refuse(ERROR_CODE.overload, "too many signals are on their way; try again later");
    default:
      return refuse(
        ERROR_CODE.outcomeUnknown,
        `no answer from its router within ${P2P_LIFE_MS / 1_000} s, or the link was lost; ` +
          "it may have arrived",
      );
  }
}
