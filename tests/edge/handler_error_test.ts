import { configureSync, type LogRecord, resetSync } from "npm:@logtape/logtape@2.4.2";
import { Client, Router } from "../../mod.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";

const LOCAL = { port: 0, hostname: "127.0.0.1" };

Deno.test("a bug in one session is logged, and the others go on", async () => {
  const logged = Promise.withResolvers<LogRecord>();
  configureSync({
    reset: true,
    sinks: {
      here: (record) => {
        if (record.properties["event"] === "handler-error") logged.resolve(record);
      },
    },
    loggers: [
      { category: ["clasp-fed"], sinks: ["here"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  const hub = new Router({ federation: { routerId: "hub" } });
  const { port } = hub.listen(LOCAL);
  const client = await Client.connect(`ws://127.0.0.1:${port}`);
  hub.federation?.onEvent(({ type }) => {
    if (type === "peerNamespaces") throw new TypeError("planted");
  });
  const leaf = new Router({
    federation: { mode: { type: "leaf", hubEndpoint: `ws://127.0.0.1:${port}` } },
  });
  leaf.listen(LOCAL);
  try {
    const { level, properties } = await withDeadline(logged.promise, 10_000, "the bug in the log");
    assertEquals(level, "error");
    assertEquals(properties["error"], "TypeError: planted");
    assertStringIncludes(String(properties["stack"]), "handler_error_test.ts");
    assertEquals((await client.set("/a", 1)).revision, 1);
  } finally {
    await client.close();
    await leaf.stop();
    await hub.stop();
    resetSync();
  }
});
