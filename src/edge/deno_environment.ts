import type { Environment } from "./environment.ts";
import { logHandlerError } from "./log.ts";
import { dialWebSocket } from "./websocket_dialer.ts";

/** The real world: this process's clocks, timers and sockets. Needs `--allow-net` to dial. */
export const DENO_ENVIRONMENT: Environment = {
  nowMicros: turnMicros,
  wallMicros: () => Date.now() * 1_000,
  random: () => Math.random(),
  newId: () => crypto.randomUUID(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
  // As a microtask: behind the other sockets that are ready now, and before anything is waited for.
  // `setImmediate` takes 3 us and a round of the event loop for each hop.
  atEndOfTurn: (action) => queueMicrotask(action),
  onHandlerError: logHandlerError,
  dial: (url, handlers) => dialWebSocket(url, handlers, { onHandlerError: logHandlerError }),
};

/** The same, with authorities to trust beside the usual ones when it dials `wss:`. */
export function trustingEnvironment(caCerts: readonly string[]): Environment {
  return {
    ...DENO_ENVIRONMENT,
    dial: (url, handlers) =>
      dialWebSocket(url, handlers, { caCerts, onHandlerError: logHandlerError }),
  };
}

/** The time of this turn; undefined when none is under way. Each look at the clock takes 0.1 us. */
let turn: number | undefined;
const endTurn = (): void => {
  turn = undefined;
};

/** One time for all that is handled in one go: what one read of a socket brought, and what follows. */
function turnMicros(): number {
  if (turn === undefined) {
    turn = performance.now() * 1_000;
    queueMicrotask(endTurn);
  }
  return turn;
}

/** A boot id: random, below 2^53. */
export function newBootId(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1f_ffff) * 2 ** 32 + low;
}
