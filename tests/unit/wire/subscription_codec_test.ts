import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { readReplay, readSubscribe } from "../../../src/wire/subscription_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readSubscribe() reads a mask without a known kind as all kinds", () => {
  const types = ["ff", "00", "e0", "01", "1a", "21"].map((mask) =>
    readSubscribe(new ByteReader(fromHex(`00000001 0002 2f61 ${mask} 00`))).types
  );
  assertEquals(types, [0xff, 0xff, 0xff, 0x01, 0x1a, 0x21]);
});

Deno.test("readSubscribe() ignores options that are not known", () => {
  const read = (options: string) =>
    readSubscribe(new ByteReader(fromHex(`00000001 0002 2f61 ff ${options}`))).options;
  assertEquals(read("f0"), undefined);
  assertEquals(read("f1 0000003c"), {
    maxRate: 60,
    epsilon: undefined,
    history: undefined,
    window: undefined,
  });
});

Deno.test("readReplay() reads a mask without a known kind as all kinds", () => {
  assertEquals(readReplay(new ByteReader(fromHex("00 0002 2f61 00"))).types, 0xff);
});
