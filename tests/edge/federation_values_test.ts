import { isReserved } from "../../src/router/reserved.ts";
import { FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX } from "../../src/limits.ts";
import { VALUE_CODE } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals } from "../support/assert.ts";
import { RawClient } from "../support/raw_client.ts";
import { untilAlike } from "../support/router_state.ts";
import { ThreeRouters } from "../support/three_routers.ts";

const { i8, i16, i32, i64, f32, f64, bool, array, map } = VALUE_CODE;

/** Type code and data of at least one value of each type, as they are to arrive. */
const VALUES: Readonly<Record<string, Uint8Array>> = {
  null: encodeValue(null),
  true: encodeValue(true),
  false: encodeValue(false),
  "true as 7": Uint8Array.of(bool, 7),
  "i8 min": Uint8Array.of(i8, 0x80),
  "i8 max": Uint8Array.of(i8, 0x7f),
  "i16 min": Uint8Array.of(i16, 0x80, 0),
  "i16 max": Uint8Array.of(i16, 0x7f, 0xff),
  "i32 min": Uint8Array.of(i32, 0x80, 0, 0, 0),
  "i32 max": Uint8Array.of(i32, 0x7f, 0xff, 0xff, 0xff),
  "i64 min": encodeValue(-(2n ** 63n)),
  "i64 max": encodeValue(2n ** 63n - 1n),
  "i64 1": Uint8Array.of(i64, 0, 0, 0, 0, 0, 0, 0, 1),
  "f64 1": encodeValue(1),
  "f64 -0": encodeValue(-0),
  "f64 infinity": encodeValue(Infinity),
  "f64 NaN with a payload": Uint8Array.of(f64, 0x7f, 0xf8, 0, 0, 0, 0, 0x12, 0x34),
  "f32 1.5": Uint8Array.of(f32, 0x3f, 0xc0, 0, 0),
  "f32 signalling NaN": Uint8Array.of(f32, 0x7f, 0x80, 0, 1),
  "string, empty": encodeValue(""),
  "string, 4-byte characters": encodeValue("a\u0000é🎵"),
  "bytes, empty": encodeValue(new Uint8Array(0)),
  "bytes, all": encodeValue(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
  "array, empty": encodeValue([]),
  "array, mixed": Uint8Array.of(array, 0, 3, i8, 1, i64, 0, 0, 0, 0, 0, 0, 0, 1, array, 0, 0),
  "map, empty": encodeValue({}),
  "map, mixed": encodeValue({ one: 1, many: [1n, "x", new Uint8Array(3)], deep: { null: null } }),
  "map, a key twice": Uint8Array.of(map, 0, 2, 0, 1, 0x61, i8, 1, 0, 1, 0x61, i8, 2),
  "bytes, many": encodeValue(
    new Uint8Array(FRAME_PAYLOAD_BYTES_MAX - NAME_BYTES_MAX - 200).fill(0xa5),
  ),
};

Deno.test("every type of value reaches the other site with its type code and bytes", async () => {
  await using routers = await ThreeRouters.start();
  await using a = await RawClient.connect(routers.port("site-a"));
  await using b = await RawClient.connect(routers.port("site-b"));
  await b.ask({ type: "SUBSCRIBE", id: 1, pattern: "/*/values/**", types: 0 });
  b.frames.length = 0;

  // Its own site's, the other's, and what the hub owns: stamped here, and by a write request.
  const sent = new Map<string, Uint8Array>();
  const values = Object.values(VALUES);
  for (const owner of ["site-a", "site-b", "hub"]) {
    for (const [index, value] of values.entries()) {
      const address = `/${owner}/values/${index}`;
      sent.set(address, value);
      const answer = await a.set(address, value);
      assertEquals(answer.type, "ACK", Object.keys(VALUES)[index]);
    }
  }

  // Routers tell of their links, too.
  const told = () => b.all("SET").filter(({ address }) => !isReserved(address));
  await b.until(() => told().length >= sent.size, "all values");
  const received = new Map(told().map(({ address, value }) => [address, value.toHex()]));
  const expected = new Map([...sent].map(([address, value]) => [address, value.toHex()]));
  assertEquals(received, expected);
  const state = await untilAlike(routers.ports, 10_000);
  for (const [address, hex] of expected) assertEquals(state.get(address)?.value, hex, address);
});
