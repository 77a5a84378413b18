import { ADDRESS_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { FEATURE, type NamespaceSyncMessage } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

/** More than the socket takes at once: what is asked behind them is answered when a timer has come. */
const REQUESTS = 300;

Deno.test("a peer that asks for more than fits the answer does not end the router", async () => {
  await using server = await startServer(["--features", "federation"]);
  await using peer = await RawClient.open(server.port);
  const features = FEATURE.param | FEATURE.federation;
  peer.send({ type: "HELLO", version: 1, features, name: "offender" });
  peer.send(namespaceSync("DeclareNamespaces", ["/**"]));
  peer.send({ type: "SET", address: "/a", value: encodeValue("x".repeat(60_000)) });
  for (let count = 0; count < REQUESTS; count++) peer.send(namespaceSync("RequestSync", ["/a"]));
  peer.send(fullRequest());
  await peer.until(() => peer.all("ERROR").length > 0, "the refusal");
  await peer.until(
    () => peer.all("FEDERATION_SYNC").length >= REQUESTS,
    "the answers to what was asked before",
  );
  assertEquals(peer.all("ERROR").map(({ code }) => code), [400]);
  await using other = await RawClient.connect(server.port);
  assertEquals((await other.set("/b", encodeValue(1))).type, "ACK");
  assertEquals(server.logs.filter(({ event }) => event === "handler-error"), []);
});

/** Fills its frame; the answer names the patterns again, and the router. */
function fullRequest(): NamespaceSyncMessage {
  const patterns = Array.from({ length: 63 }, (_, n) => `/${n}/`.padEnd(ADDRESS_BYTES_MAX, "x"));
  const room = FRAME_PAYLOAD_BYTES_MAX - encodeFrame(namespaceSync("RequestSync", patterns)).length;
  patterns.push("/last/".padEnd(room, "x"));
  const request = namespaceSync("RequestSync", patterns);
  assert(encodeFrame(request).length > FRAME_PAYLOAD_BYTES_MAX);
  return request;
}

function namespaceSync(
  op: NamespaceSyncMessage["op"],
  patterns: readonly string[],
): NamespaceSyncMessage {
  return { type: "FEDERATION_SYNC", op, patterns, revisions: [] };
}
