import { LEGACY_IN_FLIGHT_MAX, LEGACY_SETS_PER_SECOND_MAX, WRITE_LIFE_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { WriteAnswer } from "../router/federation_hook.ts";
import type { RouterCore } from "../router/router_core.ts";
import { isLive, type Version } from "../state/version.ts";
import type { EncodedValue, SetMessage } from "../wire/message.ts";
import { EchoFilter, type SentSet, type Told } from "./echo_filter.ts";
import type { UnsentParams } from "./unsent_params.ts";
import { refusedWrite } from "./write_requests.ts";

const SLICE_MS = 100;
const CREDIT_MAX = LEGACY_SETS_PER_SECOND_MAX * SLICE_MS / 1_000;
const SWEEP_MS = 1_000;

/** A client's write that waits for the hub's answer. */
export interface AskedWrite {
  readonly answered: (answer: WriteAnswer) => void;
  /** What was kept here when the hub showed the value. */
  version: Version | undefined;
}

/** Undefined for a param that this router holds. */
type Detail = AskedWrite | undefined;

/** What {@linkcode LegacyOutflow} is given. */
export interface OutflowOptions {
  readonly router: RouterCore;
  readonly unsent: UnsentParams;
  readonly send: (set: SetMessage) => void;
}

/**
 * All SETs that leave on a link to a legacy hub: the params that the hub has not got, newest value
 * only and no faster than the hub takes them, and the writes of clients elsewhere, at once.
 *
 * None has a revision: the hub would read it as the one that is expected.
 */
export class LegacyOutflow {
  readonly #router: RouterCore;
  readonly #unsent: UnsentParams;
  readonly #send: (set: SetMessage) => void;
  readonly #filter = new EchoFilter<Detail>();
  #credit = CREDIT_MAX;
  #creditedMicros: number;
  #nextPump: Appointment | undefined;
  #sweep: Appointment | undefined;

  constructor({ router, unsent, send }: OutflowOptions) {
    this.#router = router;
    this.#unsent = unsent;
    this.#send = send;
    this.#creditedMicros = router.nowMicros;
  }

  /** Sends of the params that wait as many as may leave now; comes back for the rest. */
  pump(): void {
    this.#refill();
    while (this.#unsent.size > 0 && this.#mayLeave()) {
      const address = this.#unsent.take();
      if (address !== undefined) this.#sendParam(address);
    }
    if (this.#unsent.size > 0) {
      this.#nextPump ??= this.#router.after(SLICE_MS, () => {
        this.#nextPump = undefined;
        this.pump();
      });
    }
  }

  /** The hub said that it was too much. */
  slowDown(): void {
    this.#refill();
    this.#credit = -LEGACY_SETS_PER_SECOND_MAX;
  }

  /** Sends a client's write; `answered` is called exactly once. */
  request(set: SetMessage, answered: (answer: WriteAnswer) => void): void {
    const { address, value, ttl } = set;
    if (this.#filter.size >= LEGACY_IN_FLIGHT_MAX) {
      return answered(refusedWrite(
        ERROR_CODE.overload,
        `Cannot set "${address}": too many writes wait for the hub; try again later`,
        address,
      ));
    }
    this.#sent(address, value, { answered, version: undefined });
    this.#send({ type: "SET", address, value, ttl });
  }

  /** The hub tells a value. */
  told(address: string, value: EncodedValue): Told<Detail> {
    return this.#filter.told(address, value);
  }

  /** The hub answered a SET. */
  answered(
    address: string,
  ): { readonly sent: SentSet<Detail>; readonly isEchoed: boolean } | undefined {
    return this.#filter.answered(address);
  }

  /** The link is gone: the outcome of writes is open, params wait for the next link. */
  stop(reason: string): void {
    this.#router.agenda.cancel(this.#nextPump);
    this.#router.agenda.cancel(this.#sweep);
    this.#giveUp(this.#filter.takeAll(), `the link was lost (${reason})`);
  }

  #mayLeave(): boolean {
    return this.#credit >= 1 && this.#filter.size < LEGACY_IN_FLIGHT_MAX;
  }

  #sendParam(address: string): void {
    const version = this.#router.params.get(address);
    if (!isLive(version)) return;
    const { value, ttl } = version;
    this.#sent(address, value, undefined);
    this.#send({ type: "SET", address, value, ttl });
  }

  #sent(address: string, value: EncodedValue, detail: Detail): void {
    this.#credit = Math.max(-LEGACY_SETS_PER_SECOND_MAX, this.#credit - 1);
    this.#filter.sent({
      address,
      value,
      isHeld: detail === undefined,
      deadlineMicros: this.#router.nowMicros + WRITE_LIFE_MS * 1_000,
      detail,
    });
    this.#sweep ??= this.#router.after(SWEEP_MS, () => this.#expire());
  }

  #refill(): void {
    const { nowMicros } = this.#router;
    const earned = (nowMicros - this.#creditedMicros) / 1_000_000 * LEGACY_SETS_PER_SECOND_MAX;
    this.#credit = Math.min(CREDIT_MAX, this.#credit + earned);
    this.#creditedMicros = nowMicros;
  }

  #expire(): void {
    this.#sweep = undefined;
    this.#giveUp(this.#filter.takeExpired(this.#router.nowMicros), "no answer came in time");
    if (this.#filter.size > 0) this.#sweep = this.#router.after(SWEEP_MS, () => this.#expire());
  }

  #giveUp(lost: readonly SentSet<Detail>[], why: string): void {
    for (const { address, detail } of lost) {
      if (detail === undefined) this.#unsent.add(address);
      else detail.answered({ kind: "refused", refusal: outcomeUnknown(address, why) });
    }
  }
}

function outcomeUnknown(address: string, why: string): Refusal {
  return {
    code: ERROR_CODE.outcomeUnknown,
    message: `Outcome of SET "${address}" unknown, it may have been applied: ${why}`,
    address,
  };
}
