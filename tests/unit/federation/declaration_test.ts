import { parsePattern } from "../../../src/address/pattern.ts";
import type { Claim } from "../../../src/federation/claims.ts";
import {
  type Declaration,
  DeclarationReader,
  declare,
  isRefusal,
  LastDeclared,
} from "../../../src/federation/declaration.ts";
import { MAX_FEDERATION_PATTERNS, NAME_BYTES_MAX, PATH_ROUTERS_MAX } from "../../../src/limits.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import type { NamespaceSyncMessage } from "../../../src/wire/message.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";

const LONGEST_ID = "r".repeat(NAME_BYTES_MAX);

Deno.test("a declaration of any size travels in frames and comes out as it was", () => {
  for (const [count, patternBytes] of [[0, 5], [1, 5], [1_000, 30], [1_000, 1_000]] as const) {
    const claims = Array.from(
      { length: count },
      (_, n) => claimOf(`/${n}`.padEnd(patternBytes, "x"), n % 3 > 0),
    );
    const path = Array.from({ length: PATH_ROUTERS_MAX }, () => LONGEST_ID);
    const messages = declare(LONGEST_ID, { claims, path, unclaimed: "/**" });
    if (patternBytes > 100) assertGreater(messages.length, 10);
    const reader = new DeclarationReader(count + 1);
    const results = messages.map((message) => reader.read(overTheWire(message)));
    const last = results.pop();
    assertEquals(results.every((result) => result === undefined), true);
    assert(last !== undefined && !isRefusal(last));
    assertEquals(last, { claims, path });
  }
});

Deno.test("what nobody owns is declared, and is no claim", () => {
  const [message] = declare("me", { claims: [], path: ["me"], unclaimed: "/**" });
  assertEquals([message?.patterns, message?.declare?.claims], [["/**"], [{
    ownerId: "",
    live: true,
  }]]);
  assert(message !== undefined);
  assertEquals(readAll([message]), { claims: [], path: ["me"] });
});

Deno.test("a declaration replaces nothing of the one before: each is read anew", () => {
  const reader = new DeclarationReader();
  for (const pattern of ["/a", "/b"]) {
    const [message] = declare("me", { claims: [claimOf(pattern)], path: [] });
    assert(message !== undefined);
    const result = reader.read(message);
    assert(result !== undefined && !isRefusal(result));
    assertEquals(result.claims.map(({ pattern: { text } }) => text), [pattern]);
  }
});

Deno.test("too many patterns are refused, in one message or in several", () => {
  const claims = (count: number) => Array.from({ length: count }, (_, n) => claimOf(`/${n}`));
  const fits = declare("me", { claims: claims(MAX_FEDERATION_PATTERNS), path: [] });
  assertEquals(typeof codeOf(readAll(fits)), "object");
  const tooMany = declare("me", { claims: claims(MAX_FEDERATION_PATTERNS + 1), path: [] });
  assertEquals(codeOf(readAll(tooMany)), 400);
  const [first] = declare("me", { claims: claims(600), path: [] });
  assert(first?.declare !== undefined);
  const more = { ...first, declare: { ...first.declare, more: true } };
  assertEquals(codeOf(readAll([more, more, first])), 400);
});

Deno.test("patterns, owners and paths that cannot be are refused", () => {
  const [good] = declare("me", { claims: [claimOf("/a")], path: ["me"] });
  assert(good?.declare !== undefined);
  const { declare: trailer } = good;
  const tooLong = "é".repeat(NAME_BYTES_MAX / 2 + 1);
  const cases: readonly (readonly [number, NamespaceSyncMessage])[] = [
    [202, { ...good, patterns: ["a"] }],
    [101, { ...good, declare: undefined }],
    [101, { ...good, declare: { ...trailer, claims: [{ ownerId: tooLong, live: true }] } }],
    [101, { ...good, declare: { ...trailer, path: ["me", tooLong] } }],
    [101, { ...good, declare: { ...trailer, path: [""] } }],
  ];
  for (const [code, message] of cases) assertEquals(codeOf(readAll([message])), code);
});

Deno.test("LastDeclared knows what was said last, liveness and path included", () => {
  const last = new LastDeclared();
  const say = (live: boolean, path: readonly string[]) =>
    last.isNews({ claims: [claimOf("/a", live)], path });
  assertEquals(
    [
      say(true, ["me"]),
      say(true, ["me"]),
      say(false, ["me"]),
      say(false, ["me", "root"]),
      say(true, ["me"]),
    ],
    [true, false, true, true, true],
  );
});

function claimOf(text: string, live = true): Claim {
  return { pattern: parsePattern(text), ownerId: LONGEST_ID, live };
}

function overTheWire(message: NamespaceSyncMessage): NamespaceSyncMessage {
  const { message: decoded } = decodeFrame(encodeFrame(message));
  assert(decoded.type === "FEDERATION_SYNC" && decoded.op === "DeclareNamespaces");
  return decoded;
}

function readAll(messages: readonly NamespaceSyncMessage[]): ReturnType<DeclarationReader["read"]> {
  const reader = new DeclarationReader();
  let result: ReturnType<DeclarationReader["read"]>;
  for (const message of messages) result = reader.read(message);
  return result;
}

function codeOf(result: ReturnType<DeclarationReader["read"]>): number | Declaration | undefined {
  return result !== undefined && isRefusal(result) ? result.code : result;
}
