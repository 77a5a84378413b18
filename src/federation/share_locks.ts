import type { Part } from "../router/bundle.ts";
import type { ShareAnswer } from "../router/bundle_share.ts";
import type { Refusal } from "../router/error_code.ts";
import type { SetMessage } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import type { LockAnswer } from "./lease_keeper.ts";

/** The locks that a client here takes and gives back by shares of bundles at other routers. */
export class ShareLocks {
  readonly #core: FederationCore;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** A share with these locks is about to be sent. Why it cannot be, or undefined; then `ended` is to be called. */
  began(sets: readonly SetMessage[], session: string): Refusal | undefined {
    const { leases, router } = this.#core;
    const begun: SetMessage[] = [];
    for (const set of sets) {
      // One that was taken here, when this router owned the address, is void: nobody is to meet it.
      if (set.unlock) router.locks.release(set.address, session);
      const holder = leases.began(set, session);
      if (typeof holder !== "string") {
        const result = { answer: { kind: "refused", refusal: holder } as const, sentMicros: 0 };
        for (const before of begun) leases.ended(before, session, result);
        return holder;
      }
      begun.push(set);
    }
    return undefined;
  }

  /** The share was answered: all of it was done, or nothing. */
  ended(
    sets: readonly SetMessage[],
    session: string,
    { answer, sentMicros }: { readonly answer: ShareAnswer; readonly sentMicros: number },
  ): void {
    for (const set of sets) {
      const isHeld = set.lock === true && !set.unlock;
      const outcome: LockAnswer = answer.kind === "refused"
        ? answer
        : { kind: "accepted", holder: isHeld ? session : undefined };
      this.#core.leases.ended(set, session, { answer: outcome, sentMicros });
    }
  }
}

/** Of each address the last SET that says something of its lock: that is what counts in the end. */
export function lockSets(parts: readonly Part[]): readonly SetMessage[] {
  const byAddress = new Map<string, SetMessage>();
  for (const part of parts) {
    if (part.type === "SET" && (part.lock || part.unlock)) byAddress.set(part.address, part);
  }
  return [...byAddress.values()];
}
