import { addressGroup, remoteGroup } from "../../../src/router/address_group.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("an IPv4 address is a group of its own, mapped into IPv6 too", () => {
  assertEquals(addressGroup("10.0.0.5"), "10.0.0.5");
  assertEquals(addressGroup("::ffff:10.0.0.5"), "10.0.0.5");
  assertEquals(remoteGroup("10.0.0.5:51234"), "10.0.0.5");
});

Deno.test("IPv6 addresses with the same first 64 bits are one group, however they are written", () => {
  for (
    const address of [
      "2001:db8:0:7::1",
      "2001:DB8:0:7:ffff::",
      "[2001:db8::7:1:2:3:4]",
      "2001:0db8:0000:0007:0:0:0:9%eth0",
    ]
  ) assertEquals(addressGroup(address), "2001:db8:0:7::/64", address);
  assertEquals(addressGroup("2001:db8:0:8::1"), "2001:db8:0:8::/64");
  assertEquals(addressGroup("::1"), "0:0:0:0::/64");
  assertEquals(addressGroup("fe80::1%eth0"), "fe80:0:0:0::/64");
  assertEquals(remoteGroup("[2001:db8:0:7::1]:51234"), "2001:db8:0:7::/64");
});

Deno.test("what is no address stays as it is", () => {
  assertEquals(remoteGroup("memory:1"), "memory");
  assertEquals(addressGroup(""), "");
});
