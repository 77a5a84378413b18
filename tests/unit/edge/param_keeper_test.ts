import { ParamKeeper } from "../../../src/edge/param_keeper.ts";
import { StateDisk } from "../../../src/edge/state_disk.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { TempDirectory } from "../../support/temp_directory.ts";

const IDENTITY = { routerId: "site-a", isNamed: true };

function versionOf(revision: number) {
  return {
    value: encodeValue(revision),
    revision,
    timestampMicros: 1_800_000_000_000_000 + revision,
    origin: "site-a",
    ttl: 0,
  };
}

function addressesOf({ store }: ParamKeeper): string[] {
  const walk = store.walk();
  return [...{ [Symbol.iterator]: () => walk }].map(({ address }) => address).sort();
}

Deno.test("what changes while a file is written counts as not saved", async () => {
  await using directory = await TempDirectory.make();
  const keeper = new ParamKeeper({ path: directory.file("state") }, IDENTITY);
  for (let i = 0; i < 20_000; i++) keeper.store.put(`/a/${i}`, versionOf(1));
  const saving = keeper.save();
  await new Promise((resolve) => setTimeout(resolve, 0));
  // It has been written by now, in its version of before.
  keeper.store.put("/a/0", versionOf(2));
  await saving;
  assertEquals(keeper.status.isSaved, false);
  await keeper.stop();
  const next = new ParamKeeper({ path: directory.file("state") }, IDENTITY);
  assertEquals(next.store.get("/a/0"), versionOf(2));
  assertEquals(next.store.size, 20_000);
  assertEquals(next.status.isSaved, true);
  await next.stop();
});

Deno.test("what a router tells of its links is no reason to write, its way to the hub is not kept", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const keeper = new ParamKeeper({ path }, IDENTITY);
  keeper.store.put("/a", versionOf(1));
  await keeper.save();
  keeper.store.put("/clasp/federation/link", versionOf(1));
  keeper.store.put("/clasp/federation/peers/b", versionOf(1));
  assertEquals(keeper.status.isSaved, true);
  keeper.store.put("/a", versionOf(2));
  assertEquals(keeper.status.isSaved, false);
  await keeper.stop();
  const next = new ParamKeeper({ path }, IDENTITY);
  assertEquals(addressesOf(next), ["/a", "/clasp/federation/peers/b"]);
  await next.stop();
});

Deno.test("savings that are asked for at once come one after the other", async () => {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const keeper = new ParamKeeper({ path }, IDENTITY);
  const savings: Promise<void>[] = [];
  for (let i = 0; i < 20; i++) {
    keeper.store.put(`/a/${i}`, versionOf(1));
    savings.push(keeper.save());
  }
  await Promise.all(savings);
  assertEquals(keeper.status, { path, isSaved: true, problem: undefined });
  await keeper.stop();
  const next = new ParamKeeper({ path }, IDENTITY);
  assertEquals(addressesOf(next).length, 20);
  await next.stop();
});

Deno.test("two damaged files of one second have two names", async () => {
  await using directory = await TempDirectory.make();
  const disk = new StateDisk(directory.file("state"));
  for (const text of ["first", "second"]) {
    await Deno.writeTextFile(disk.path, text);
    const path = disk.keepAside(1_800_000_000_000);
    // What takes its place is another file, as after a saving.
    await Deno.remove(disk.path);
    assertEquals(await Deno.readTextFile(path), text);
  }
  const name = "state.damaged-20270115T080000Z";
  assertEquals(await directory.names(), [name, `${name}-2`]);
});
