import { dialWebSocket } from "../../src/edge/websocket_dialer.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import type { TransportPair } from "./transport_suite.ts";
import { TransportEnd, transportSuite } from "./transport_suite.ts";

transportSuite("WebSocket transport", makeWebSocketPair);

/** End a dials end b. */
async function makeWebSocketPair(): Promise<TransportPair> {
  const a = new TransportEnd();
  const b = new TransportEnd();
  const listener = listenWebSocket({ hostname: "127.0.0.1", port: 0, accept: b.accept });
  let failure: string | undefined;
  dialWebSocket(`ws://127.0.0.1:${listener.port}/`, {
    onOpen: a.accept,
    onFailed: (reason) => failure = reason,
  });
  await a.until(() => a.isConnected, "the dial").catch((error) => {
    throw failure === undefined ? error : new Error(failure);
  });
  await b.until(() => b.isConnected, "the accepted connection");
  return { a, b, [Symbol.asyncDispose]: () => listener.stop() };
}
