import { BoundedConnections } from "../../../src/edge/bounded_connections.ts";
import { assertEquals } from "../../support/assert.ts";

function setUp(): {
  readonly add: (name: string, host: string) => () => void;
  readonly cut: string[];
  readonly connections: BoundedConnections;
} {
  const connections = new BoundedConnections({ max: 4, perAddressMax: 2 });
  const cut: string[] = [];
  return { connections, cut, add: (name, host) => connections.add(host, () => cut.push(name)) };
}

Deno.test("BoundedConnections cuts the oldest of an address that has one too many", () => {
  const { add, cut, connections } = setUp();
  add("a1", "10.0.0.1");
  add("b1", "10.0.0.2");
  add("a2", "10.0.0.1");
  assertEquals(cut, []);
  add("a3", "10.0.0.1");
  assertEquals(cut, ["a1"]);
  assertEquals(connections.size, 3);
});

Deno.test("BoundedConnections cuts the oldest of all when there is one too many", () => {
  const { add, cut } = setUp();
  for (const [name, host] of [["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"], ["e", "5"]]) {
    add(name ?? "", `10.0.0.${host}`);
  }
  assertEquals(cut, ["a"]);
});

Deno.test("BoundedConnections counts the addresses of one IPv6 network as one", () => {
  const { add, cut } = setUp();
  add("a", "2001:db8::1");
  add("b", "2001:db8::2");
  add("c", "2001:db8::3");
  assertEquals(cut, ["a"]);
});

Deno.test("BoundedConnections makes room for one that was taken out, once", () => {
  const { add, cut, connections } = setUp();
  const leave = add("a1", "10.0.0.1");
  add("a2", "10.0.0.1");
  leave();
  leave();
  add("a3", "10.0.0.1");
  assertEquals(cut, []);
  connections.cutAll();
  assertEquals(cut, ["a2", "a3"]);
  assertEquals(connections.size, 0);
});
