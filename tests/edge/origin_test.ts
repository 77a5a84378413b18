import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";

/** The status of an upgrade that a browser would ask for, for a page of this origin. */
async function statusFor(port: number, origin: string): Promise<number> {
  using client = await RawWebSocket.connect(port, { headers: { "Origin": origin } });
  if (client.status === 403) {
    assertMatch(client.head, /content-type: text\/plain/i);
    assertMatch(
      client.head,
      /\r\n\r\nWeb pages of origin ".*" may not connect to this router; .*\n$/,
    );
  }
  return client.status;
}

Deno.test("a page on the internet cannot connect to a router, one of the local network can", async () => {
  await using router = new LocalRouter();
  const statuses: Record<string, number> = {};
  for (
    const origin of [
      ...[
        "https://evil.example",
        "null",
        "http://localhost:8080",
        "http://192.168.1.20",
        "file://",
      ],
    ]
  ) statuses[origin] = await statusFor(router.port, origin);
  assertEquals(statuses, {
    "https://evil.example": 403,
    "null": 403,
    "http://localhost:8080": 101,
    "http://192.168.1.20": 101,
    "file://": 101,
  });
  // A page of the router's own name, which a name server of its author has pointed here.
  using rebound = await RawWebSocket.connect(router.port, {
    headers: {
      "Host": `evil.example:${router.port}`,
      "Origin": `http://evil.example:${router.port}`,
    },
  });
  assertEquals(rebound.status, 403);
  await pollUntil(() => router.router.connectionCount === 0, "the end of what got in", 10_000);
});

Deno.test("what is no browser sends no origin and may connect, whoever is allowed", async () => {
  await using router = new LocalRouter({ allowedOrigins: ["https://panel.example"] });
  using plain = await RawWebSocket.connect(router.port);
  assertEquals(plain.status, 101);
  await using client = await RawClient.connect(router.port);
  await client.settle();
});

Deno.test("with origins named only those may connect; * lets all in", async () => {
  await using strict = new LocalRouter({ allowedOrigins: ["https://panel.example"] });
  assertEquals(await statusFor(strict.port, "https://panel.example"), 101);
  assertEquals(await statusFor(strict.port, "http://localhost"), 403);
  await using open = new LocalRouter({ allowedOrigins: ["*"] });
  assertEquals(await statusFor(open.port, "https://evil.example"), 101);
});

Deno.test("two Origin headers are no origin", async () => {
  await using router = new LocalRouter();
  using client = await RawWebSocket.connect(router.port, {
    headers: { "Origin": "http://localhost", "origin": "https://evil.example" },
  });
  assert([400, 403].includes(client.status), client.head);
});
