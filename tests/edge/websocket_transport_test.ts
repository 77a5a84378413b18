import { dialWebSocket } from "../../src/edge/websocket_dialer.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { openWebSocketTransport } from "../../src/edge/websocket_transport.ts";
import { assertEquals } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import type { TransportPair } from "./transport_suite.ts";
import { TransportEnd, transportSuite } from "./transport_suite.ts";

transportSuite("WebSocket transport", makeWebSocketPair);

Deno.test("WebSocket transport ends once when Deno fires close twice", async () => {
  const end = new TransportEnd();
  const closedTwice = Promise.withResolvers<void>();
  let gone = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, (request) => {
    // A peer that answers no ping is what makes Deno fire twice.
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0.1 });
    let fired = 0;
    socket.onopen = () => {
      openWebSocketTransport(socket, {
        accept: end.accept,
        remoteAddress: "",
        onHandlerError: closedTwice.reject,
        onGone: () => gone++,
      });
      socket.addEventListener("close", () => ++fired === 2 && closedTwice.resolve());
    };
    return response;
  });
  using _silent = await RawWebSocket.connect(server.addr.port);
  await withDeadline(closedTwice.promise, 10_000, "two close events");
  assertEquals(gone, 1);
  assertEquals(end.closes.map(({ code }) => code), [1001]);
  await server.shutdown();
});

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
