import { isReserved } from "../../src/router/reserved.ts";
import { readState } from "../support/router_state.ts";
import {
  declaration,
  openBystander,
  PEER_HABITS,
  peerHello,
  setSeven,
  SUBSCRIBE_ALL,
  syncComplete,
} from "./handshakes.ts";
import { namesBelow } from "./inbound_stages.ts";
import { TableSocket } from "./table_socket.ts";

const LEAF = { namespace: "/w/**", routerId: "bystander" };
const ITS_ADDRESS = "/w/asked";

/** A client that sees all that changes, and knows at the end what there must be. */
export class Witness {
  readonly socket: TableSocket;
  /** What a SET said of an address last, and whether it lives for ever. */
  readonly #seen = new Map<string, { readonly value: string; readonly isKept: boolean }>();

  private constructor(socket: TableSocket) {
    this.socket = socket;
    socket.session.tap = ({ message }) => {
      if (message.type !== "SET" || isReserved(message.address)) return;
      const { address, value, revision, ttl = 0 } = message;
      this.#seen.set(address, { value: `r${revision} ${value.toHex()}`, isKept: ttl === 0 });
    };
  }

  static async connect(port: number): Promise<Witness> {
    return new Witness(await openBystander(port));
  }

  /** How the state of the router is another than what was seen to be set. */
  async problems(port: number): Promise<readonly string[]> {
    const state = await readState(port);
    const unseen = [...state].filter(([address, { value, revision }]) =>
      this.#seen.get(address)?.value !== `r${revision} ${value}`
    ).map(([address]) => `"${address}" is not as a client saw it`);
    const lost = [...this.#seen].filter(([address, { isKept }]) => isKept && !state.has(address))
      .map(([address]) => `"${address}" is gone`);
    return [...unseen, ...lost];
  }
}

/** A leaf that says nothing while all others are asked. */
export class QuietLeaf {
  readonly #socket: TableSocket;

  private constructor(socket: TableSocket) {
    this.#socket = socket;
  }

  static async connect(port: number): Promise<QuietLeaf> {
    const socket = await TableSocket.connect(port, { habits: PEER_HABITS });
    socket.session.send(peerHello(LEAF.routerId));
    await socket.session.take("WELCOME");
    const names = { ...namesBelow("/w", LEAF.routerId)(0), ...LEAF };
    const sync = syncComplete(LEAF.namespace, LEAF.routerId);
    socket.session.send(declaration(names, false), SUBSCRIBE_ALL, sync);
    await socket.session.settle();
    return new QuietLeaf(socket);
  }

  /** Whether it still owns its namespace: what a client sets there is asked of it. */
  async problems(client: Witness): Promise<readonly string[]> {
    const { session } = this.#socket;
    await session.settle();
    const { end } = session;
    if (end !== undefined) return [`The quiet leaf was closed: ${end.code} ${end.reason}`];
    session.forget();
    client.socket.session.send(setSeven(ITS_ADDRESS));
    await client.socket.session.settle();
    await session.settle();
    const isAsked = session.frames.some(({ message, context }) =>
      context?.message.kind === "request" && message.type === "SET" &&
      message.address === ITS_ADDRESS
    );
    await this.#socket.close();
    return isAsked ? [] : ["The quiet leaf does not own its namespace any more"];
  }
}
