import { PersistError, Router, type RouterConfig } from "../../mod.ts";
import { crc32 } from "../../src/state/crc32.ts";
import { STATE_FILE_MAGIC } from "../../src/state/state_file.ts";
import { encodeTtl } from "../../src/wire/ttl.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const DEADLINE_MS = 10_000;
const INTERVAL_MS = 20;

function make(path: string, config: RouterConfig = {}): Router {
  return new Router({
    persist: { path, intervalMs: INTERVAL_MS },
    federation: { routerId: "site-a" },
    ...config,
  });
}

function listen(router: Router): number {
  return router.listen({ port: 0, hostname: "127.0.0.1" }).port;
}

function values(router: Router): Record<string, unknown> {
  return Object.fromEntries(
    [...router.params()].map(({ address, version }) => [address, decodeValue(version.value)]),
  );
}

/** Values that a router has set and saved, and is gone. */
async function writeFile(path: string, count: number): Promise<void> {
  const router = make(path);
  await using client = await RawClient.connect(listen(router));
  for (let i = 0; i < count; i++) await client.set(`/a/${i}`, encodeValue(i));
  await router.stop();
}

Deno.test("a router that starts again has every value with its revision, and goes on from there", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const first = make(path);
  {
    await using client = await RawClient.connect(listen(first));
    await client.set("/a", encodeValue("old"));
    await client.set("/a", encodeValue("new"));
    await client.set("/long", encodeValue(1), {
      ttl: encodeTtl({ kind: "absolute", seconds: 600 }),
    });
  }
  await first.stop();
  assertEquals(await directory.names(), ["state", "state.lock"]);

  const second = make(path);
  assertEquals(values(second), { "/a": "new", "/long": 1 });
  await using client = await RawClient.connect(listen(second));
  const answer = await client.set("/a", encodeValue("newest"), { revision: 2 });
  assertEquals(answer.type === "ACK" && answer.revision, 3);
  const before = [...first.params()].find(({ address }) => address === "/a")?.version;
  const after = [...second.params()].find(({ address }) => address === "/a")?.version;
  assert((after?.timestampMicros ?? 0) > (before?.timestampMicros ?? Infinity));
  await second.stop();
});

Deno.test("what expired stays expired over a restart, and its revision is continued", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const first = make(path);
  {
    await using client = await RawClient.connect(listen(first));
    const ttl = encodeTtl({ kind: "absolute", seconds: 1 });
    await client.set("/short", encodeValue(1), { ttl });
    await client.set("/short", encodeValue(2), { ttl });
    await pollUntil(() => first.paramCount === 0, "the end of a param", DEADLINE_MS);
  }
  await first.stop();
  const second = make(path);
  assertEquals(values(second), {});
  await using client = await RawClient.connect(listen(second));
  const answer = await client.set("/short", encodeValue(3), { revision: 0 });
  assertEquals(answer.type === "ACK" && answer.revision, 3);
  await second.stop();
});

Deno.test("a router saves by itself, and only when something has changed", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const router = make(path);
  const isSaved = () => router.persistence?.isSaved === true;
  await using client = await RawClient.connect(listen(router));
  await client.set("/a", encodeValue(1));
  await pollUntil(isSaved, "a saving", DEADLINE_MS);
  const { ino } = await Deno.stat(path);
  // A change at another place shows that several intervals have passed.
  const other = make(directory.file("other"), { federation: { routerId: "other" } });
  await using atOther = await RawClient.connect(listen(other));
  for (let i = 0; i < 3; i++) {
    await atOther.set("/b", encodeValue(i));
    await pollUntil(() => other.persistence?.isSaved === true, "a saving elsewhere", DEADLINE_MS);
  }
  assertEquals((await Deno.stat(path)).ino, ino);
  await client.set("/a", encodeValue(2));
  await pollUntil(isSaved, "a saving", DEADLINE_MS);
  assert((await Deno.stat(path)).ino !== ino);
  await Promise.all([router.stop(), other.stop()]);
});

Deno.test("a site that starts alone has what it mirrored of others", async () => {
  await using directory = await TempDirectory.make();
  const hub = new Router({ federation: { routerId: "hub" } });
  const hubEndpoint = `ws://127.0.0.1:${listen(hub)}`;
  const federation = {
    routerId: "site-a",
    mode: { type: "leaf", hubEndpoint },
    ownedNamespaces: ["/site-a/**"],
  } as const;
  const path = directory.file("state");
  const leaf = make(path, { federation });
  const port = listen(leaf);
  {
    await using client = await RawClient.connect(Number(new URL(hubEndpoint).port));
    await client.set("/hub/look", encodeValue(7));
    await pollUntil(() => values(leaf)["/hub/look"] === 7, "the mirrored value", DEADLINE_MS);
  }
  assert(port > 0);
  await Promise.all([leaf.stop(), hub.stop()]);
  const again = make(path, { federation });
  assertEquals(values(again)["/hub/look"], 7);
  // Of its link it knows nothing yet.
  assertEquals(values(again)["/clasp/federation/link"], undefined);
  await again.stop();
});

for (
  const [name, damage] of [
    ["that is cut", (bytes: Uint8Array) => bytes.subarray(0, -3)],
    ["with a flipped bit", (bytes: Uint8Array) => bytes.with(-2, (bytes.at(-2) ?? 0) ^ 4)],
    ["of another kind", () => new TextEncoder().encode('{"params":{}}')],
    ["that is empty", () => new Uint8Array()],
  ] as const
) {
  Deno.test(`a file ${name} is kept under another name, and the router starts`, async () => {
    await using directory = await TempDirectory.make();
    const path = directory.file("state");
    await writeFile(path, 3);
    const damaged = damage(await Deno.readFile(path));
    await Deno.writeFile(path, damaged);
    const router = make(path);
    const found = values(router);
    // The first block is whole in those whose end is damaged.
    const isPart = name === "that is cut" || name === "with a flipped bit";
    assertEquals(found, isPart ? { "/a/0": 0, "/a/1": 1, "/a/2": 2 } : {});
    const [copy = ""] = (await directory.names()).filter((each) => each.includes("damaged"));
    assertMatch(copy, /^state\.damaged-\d{8}T\d{6}Z$/);
    assertEquals(await Deno.readFile(directory.file(copy)), damaged.slice());
    // A router that dies before it has saved finds it again.
    assertEquals(await Deno.readFile(path), damaged.slice());
    listen(router);
    await pollUntil(() => router.persistence?.isSaved === true, "a saving", DEADLINE_MS);
    await router.stop();
    const next = make(path);
    assertEquals(values(next), found);
    await next.stop();
    assertEquals(await Deno.readFile(directory.file(copy)), damaged.slice());
  });
}

Deno.test("a file of a newer version is refused and left alone", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const before = newerFile();
  await Deno.writeFile(path, before);
  const error = assertThrows(() => make(path), PersistError);
  assertStringIncludes(error.message, "format version 2, which a newer clasp-fed wrote");
  assertEquals(await Deno.readFile(path), before);
  assertEquals(await directory.names(), ["state", "state.lock"]);
});

Deno.test("a file of another configured router is refused, one without a name is taken", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  await writeFile(path, 1);
  const other = { federation: { routerId: "site-b" } };
  const error = assertThrows(() => make(path, other), PersistError);
  assertStringIncludes(error.message, 'router "site-a" wrote it, and this is "site-b"');
  // Without an id the next router has another one each time.
  for (let round = 0; round < 2; round++) {
    const unnamed = make(path, { features: ["param", "federation"], federation: {} });
    assertEquals(values(unnamed)["/a/0"], 0);
    await using client = await RawClient.connect(listen(unnamed));
    await client.set("/new", encodeValue(round));
    await unnamed.stop();
  }
  const named = make(path, other);
  assertEquals(values(named), { "/a/0": 0, "/new": 1 });
  await named.stop();
});

Deno.test("two routers cannot have one file, and the next one can when it is stopped", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const router = make(path);
  const error = assertThrows(() => make(path), PersistError);
  assertStringIncludes(error.message, "another router does, which is running");
  await router.stop();
  await make(path).stop();
});

Deno.test("a router that is refused gives the file free", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  await writeFile(path, 1);
  assertThrows(() => make(path, { federation: { routerId: "site-b" } }), PersistError);
  assertThrows(() => make(path, { maxSessions: 0 }), RangeError);
  await make(path).stop();
});

Deno.test("a path that cannot be is refused at once", async () => {
  await using directory = await TempDirectory.make();
  await Deno.mkdir(directory.file("state"));
  await Deno.writeTextFile(directory.file("text"), "");
  const refusals = [
    [directory.file("state"), "it is not a file"],
    [directory.file("missing/state"), "there is no directory"],
    [directory.file("text/state"), "ot a directory"],
  ] as const;
  for (const [path, reason] of refusals) {
    assertStringIncludes(assertThrows(() => make(path), PersistError).message, reason);
  }
  for (const intervalMs of [0, -1, NaN, 1e12]) {
    const persist = { path: directory.file("x"), intervalMs };
    assertThrows(() => new Router({ persist }), RangeError);
  }
});

Deno.test("a saving that fails is shown and tried again, and the old file stays", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const router = make(path);
  await using client = await RawClient.connect(listen(router));
  await client.set("/a", encodeValue(1));
  await pollUntil(() => router.persistence?.isSaved === true, "a saving", DEADLINE_MS);
  const before = await Deno.readFile(path);
  // Nobody, not even root, writes a file where a directory is.
  await Deno.mkdir(`${path}.tmp`);
  await Deno.writeTextFile(`${path}.tmp/in-the-way`, "");
  await client.set("/a", encodeValue(2));
  await pollUntil(() => router.persistence?.problem !== undefined, "a failure", DEADLINE_MS);
  assertEquals(router.persistence?.isSaved, false);
  assertEquals(await Deno.readFile(path), before);
  await Deno.remove(`${path}.tmp`, { recursive: true });
  await pollUntil(() => router.persistence?.isSaved === true, "a saving", DEADLINE_MS);
  assertEquals(router.persistence?.problem, undefined);
  await router.stop();
  const next = make(path);
  assertEquals(values(next), { "/a": 2 });
  await next.stop();
});

Deno.test("a directory that takes the place of the file stops savings, not the router", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  await writeFile(path, 1);
  const router = make(path);
  await using client = await RawClient.connect(listen(router));
  await Deno.remove(path);
  await Deno.mkdir(path);
  await client.set("/a/0", encodeValue(9));
  await pollUntil(() => router.persistence?.problem !== undefined, "a failure", DEADLINE_MS);
  assertEquals((await client.set("/a/0", encodeValue(10))).type, "ACK");
  // Nothing half done is left, and the stop says that something is lost.
  await assertRejects(() => router.stop(), PersistError, "Cannot save params");
  assertEquals(await directory.names(), ["state", "state.lock"]);
});

/** Magic, version 2, a header that nobody knows, and its checksum. */
function newerFile(): Uint8Array {
  const bytes = Uint8Array.of(...STATE_FILE_MAGIC, 0, 2, 0, 1, 77, 0, 0, 0, 0);
  new DataView(bytes.buffer).setUint32(13, crc32(bytes.subarray(0, 13)));
  return bytes;
}
