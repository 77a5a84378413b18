import type { TransportHandler } from "../../../src/edge/transport.ts";
import { HandlerGate } from "../../../src/edge/websocket_handler_gate.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("HandlerGate lets nothing through before the handler is there", () => {
  const { gate, log, handler } = setUp();
  gate.message(Uint8Array.of(1));
  gate.text();
  gate.attach(() => handler);
  gate.message(Uint8Array.of(2));
  gate.text();
  assertEquals(log, ["message 2", "text"]);
});

Deno.test("HandlerGate tells of the end once, and of nothing after it", () => {
  const { gate, log, handler } = setUp();
  gate.attach(() => handler);
  assertEquals(gate.isClosed, false);
  gate.end(1000, "first");
  assertEquals(gate.isClosed, true);
  gate.end(1001, "second");
  gate.message(Uint8Array.of(1));
  gate.text();
  assertEquals(log, ["close 1000 first"]);
});

Deno.test("HandlerGate keeps an end for a handler that is not there yet", () => {
  const { gate, log, handler } = setUp();
  gate.attach(() => {
    gate.end(4000, "not today");
    gate.end(4001, "again");
    assertEquals(log, []);
    return handler;
  });
  assertEquals(log, ["close 4000 not today"]);
});

Deno.test("HandlerGate closes with 1011 when a handler throws, then reports it", () => {
  for (const method of ["onMessage", "onText"] as const) {
    const { gate, log, handler } = setUp();
    handler[method] = () => {
      throw new Error("bug");
    };
    gate.attach(() => handler);
    gate.message(Uint8Array.of(1));
    gate.text();
    assertEquals(log.slice(-2), ["close 1011 internal error", "reported bug"]);
    assertEquals(gate.isClosed, true);
  }
});

Deno.test("HandlerGate closes with 1011 when accept throws, then reports it", () => {
  const { gate, log } = setUp();
  gate.attach(() => {
    throw new Error("bug");
  });
  assertEquals(log, ["reported bug"]);
  assertEquals(gate.isClosed, true);
});

Deno.test("HandlerGate reports a handler whose onClose throws, and calls it once", () => {
  const { gate, log, handler } = setUp();
  handler.onClose = () => {
    log.push("close");
    throw new Error("bug");
  };
  gate.attach(() => handler);
  gate.end(1000, "");
  assertEquals(log, ["close", "reported bug"]);
});

function setUp(): {
  readonly gate: HandlerGate;
  readonly log: string[];
  readonly handler: TransportHandler;
} {
  const log: string[] = [];
  const gate = new HandlerGate({
    close: (code, reason) => gate.end(code, reason),
    onHandlerError: (error) => log.push(`reported ${error instanceof Error ? error.message : ""}`),
  });
  const handler: TransportHandler = {
    onMessage: (bytes) => log.push(`message ${bytes.join()}`),
    onText: () => log.push("text"),
    onClose: (code, reason) => log.push(`close ${code} ${reason}`),
  };
  return { gate, log, handler };
}
