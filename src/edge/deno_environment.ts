import type { Environment } from "./environment.ts";
import { logHandlerError } from "./log.ts";
import { dialWebSocket } from "./websocket_dialer.ts";

/** The real world: this process's clocks, timers and sockets. Needs `--allow-net` to dial. */
export const DENO_ENVIRONMENT: Environment = {
  nowMicros: () => performance.now() * 1_000,
  wallMicros: () => Date.now() * 1_000,
  random: () => Math.random(),
  newId: () => crypto.randomUUID(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
  atEndOfTurn: (action) => {
    setImmediate(action);
  },
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

/** A boot id: random, below 2^53. */
export function newBootId(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1f_ffff) * 2 ** 32 + low;
}
