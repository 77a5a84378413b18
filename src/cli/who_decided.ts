import type { Client } from "../edge/client.ts";
import { ClientError } from "../edge/client_error.ts";
import { readExplanation } from "./read_explanation.ts";

/** Who decided a write that was acknowledged. */
export interface Decision {
  /** Router id; undefined when it is not known, as with public routers, or when others wrote since. */
  readonly by: string | undefined;
  /** Undefined when the owner is not known: what nobody claims is the root's, which may be far. */
  readonly isOwner: boolean | undefined;
}

const UNKNOWN: Decision = { by: undefined, isOwner: undefined };

/** Asks who stamped the version that an ACK told of. What a client may not read it does not know. */
export async function whoDecided(
  client: Client,
  address: string,
  revision: number,
): Promise<Decision> {
  try {
    const param = await client.getParam(address);
    if (param.revision !== revision || param.writer === undefined) return UNKNOWN;
    const { writer: by } = param;
    const { text, list } = await readExplanation(client, address);
    const owner = text("owner") === "" ? list("path").at(-1) ?? "" : text("owner");
    const isRootKnown = text("owner") !== "" || text("state") === "Active" ||
      text("way") === "here";
    if (by === owner) return { by, isOwner: true };
    return { by, isOwner: isRootKnown || text("decides") === "caretaker" ? false : undefined };
  } catch (error) {
    if (error instanceof ClientError) return UNKNOWN;
    throw error;
  }
}
