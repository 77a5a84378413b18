import { parseWebSocketUrl } from "../../../src/edge/websocket_target.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("parseWebSocketUrl() knows both schemes and their ports", () => {
  const cases: readonly (readonly [string, boolean, number, string])[] = [
    ["ws://hub", false, 80, "hub"],
    ["wss://hub", true, 443, "hub"],
    ["http://hub", false, 80, "hub"],
    ["https://hub", true, 443, "hub"],
    ["ws://hub:80", false, 80, "hub"],
    ["wss://hub:443", true, 443, "hub"],
    ["ws://hub:443", false, 443, "hub:443"],
    ["wss://hub:80", true, 80, "hub:80"],
    ["WS://HUB:7330", false, 7330, "hub:7330"],
  ];
  for (const [url, isSecure, port, host] of cases) {
    const target = parseWebSocketUrl(url);
    assertEquals([target.isSecure, target.port, target.host], [isSecure, port, host], url);
    assertEquals(target.hostname, "hub");
  }
});

Deno.test("parseWebSocketUrl() takes the brackets off an IPv6 address, for the socket only", () => {
  const { hostname, host } = parseWebSocketUrl("ws://[::1]:7330/");
  assertEquals([hostname, host], ["::1", "[::1]:7330"]);
});

Deno.test("parseWebSocketUrl() keeps path and query, and drops the fragment", () => {
  assertEquals(parseWebSocketUrl("ws://hub").path, "/");
  assertEquals(parseWebSocketUrl("ws://hub?a=b").path, "/?a=b");
  assertEquals(parseWebSocketUrl("ws://hub/a%20b/c?d=e&f#g").path, "/a%20b/c?d=e&f");
});

Deno.test("parseWebSocketUrl() lets nothing through that would break a line of HTTP", () => {
  const { path, host } = parseWebSocketUrl("ws://hub/a b\r\nX: y\u0000\té?q=a b\r\nX: y\u0000é");
  for (const text of [path, host]) assert(/^[\x21-\x7e]+$/.test(text), text);
  assertThrows(() => parseWebSocketUrl("ws://hub x/"), TypeError, "this is not a URL");
});

Deno.test("parseWebSocketUrl() makes HTTP Basic of a user and a password", () => {
  const decoded = (url: string) => {
    const [scheme, code = ""] = parseWebSocketUrl(url).authorization?.split(" ") ?? [];
    return [scheme, new TextDecoder().decode(Uint8Array.fromBase64(code))];
  };
  assertEquals(parseWebSocketUrl("ws://hub").authorization, undefined);
  assertEquals(decoded("ws://ann:secret@hub"), ["Basic", "ann:secret"]);
  assertEquals(decoded("ws://ann@hub"), ["Basic", "ann:"]);
  assertEquals(decoded("ws://an%40n:p%C3%A9%0d%0a@hub"), ["Basic", "an@n:pé\r\n"]);
});

Deno.test("parseWebSocketUrl() refuses the rest, without repeating it", () => {
  for (
    const [url, reason] of [
      ["nonsense", "this is not a URL"],
      ["ws://", "this is not a URL"],
      ["ws://hub:99999/", "this is not a URL"],
      ["ftp://hub/", 'the scheme is "ftp", not "ws" or "wss"'],
      ["ws://%zz:x@hub/", "the user or the password is not percent-encoded UTF-8"],
    ] as const
  ) {
    assertEquals(assertThrows(() => parseWebSocketUrl(url), TypeError).message, reason);
  }
});
