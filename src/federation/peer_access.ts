import type { Part } from "../router/bundle.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import { isShared } from "../router/reserved.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import type { PatternSet } from "./pattern_set.ts";
import { reportAddress } from "./report_address.ts";

/** A peer, as far as its rights go. */
export interface Grantee {
  readonly routerId: string;
  /** Undefined: it is trusted. So is every peer in open mode, and always the hub that was dialled. */
  readonly grant: SessionGrant | undefined;
}

/** What peers may do here: by their tokens, and by what this router lets others write at all. */
export class PeerAccess {
  /** Undefined: everywhere. */
  readonly #acceptWrites: PatternSet | undefined;

  constructor(options: { readonly acceptWrites: PatternSet | undefined }) {
    this.#acceptWrites = options.acceptWrites;
  }

  /** Whether a peer may be told what is at an address. */
  mayRead({ grant }: Pick<Grantee, "grant">, address: string): boolean {
    return grant === undefined || grant.allows("read", address);
  }

  /**
   * Why a peer may not say anything new of an address, or undefined. What it tells of its own link is
   * put right by the hub, so it needs no leave.
   */
  changeProblem({ grant, routerId }: Grantee, address: string): Refusal | undefined {
    if (grant === undefined) return undefined;
    const refusal = grant.problem("write", address);
    if (refusal === undefined) return undefined;
    return isShared(address) && address === reportAddress(routerId) ? undefined : refusal;
  }

  /** Why a peer may not write to an address that is not its own, or undefined. */
  writeProblem(peer: Grantee, address: string): Refusal | undefined {
    return this.changeProblem(peer, address) ?? this.#acceptProblem(address);
  }

  /** Why a peer may not have this done in a bundle, or undefined. */
  partProblem(peer: Grantee, { type, address }: Part): Refusal | undefined {
    return type === "SET" ? this.writeProblem(peer, address) : this.changeProblem(peer, address);
  }

  // What hubs tell of links is written by nobody.
  #acceptProblem(address: string): Refusal | undefined {
    const accepted = this.#acceptWrites;
    if (accepted === undefined || accepted.matches(address) || isShared(address)) return undefined;
    return {
      code: ERROR_CODE.refused,
      message: `Cannot write "${address}": this router accepts no writes of other routers there`,
      address,
    };
  }
}
