import type { Checker, ClientEvent, ClientUpdate, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { INTRUDER } from "../intruder.ts";
import type { SimWorld } from "../sim_world.ts";

/** Nothing outside the claims of a peer is ever changed by it without leave. */
export class UnaskedChanges implements Checker {
  readonly name = "unasked changes";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  updated({ session, address, value }: ClientUpdate): void {
    this.#check(`client ${session.client} was told`, address, describeValue(value));
  }

  received({ session, address, id }: ClientEvent): void {
    this.#check(`client ${session.client} received`, address, JSON.stringify(id));
  }

  settled(world: SimWorld): void {
    for (const router of world.routers.values()) {
      for (const [address, { value }] of router.params()) {
        this.#check(`${router.id} holds`, address, describeValue(value));
      }
    }
  }

  #check(who: string, address: string, value: string): void {
    if (!value.startsWith(`"${INTRUDER}`) || address.startsWith(`/${INTRUDER}/`)) return;
    this.#report(`${who} "${address}" = ${value} of a peer that does not own it`);
  }
}
