import { assert, assertEquals } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";
import { DigestTree } from "../../../src/state/digest_tree.ts";
import { compareVersions, type Version } from "../../../src/state/version.ts";
import { DigestExchange } from "../../../src/federation/digest_exchange.ts";
import { decodeFrame, encodeFrame } from "../../../src/wire/frame.ts";
import type { DigestMessage } from "../../../src/wire/message.ts";

class Side {
  readonly versions = new Map<string, Version>();
  readonly tree = new DigestTree();
  readonly toSend = new Set<string>();
  readonly inbox: DigestMessage[] = [];
  finishes = 0;
  bytesSent = 0;
  stepsSent = 0;
  exchange: DigestExchange;

  constructor(otherInbox: () => DigestMessage[]) {
    this.exchange = new DigestExchange(1, {
      digest: (node) => this.tree.digest(node),
      addresses: (node) => this.tree.addresses(node),
      summary: (address) => {
        const version = this.versions.get(address);
        if (version === undefined) return undefined;
        const { revision, timestampMicros, origin } = version;
        return { address, revision, timestampMicros, origin };
      },
    }, {
      // Through the codec, so that each message is known to fit a frame.
      send: (message) => {
        const frame = encodeFrame(message);
        this.bytesSent += frame.length;
        if (!message.more) this.stepsSent++;
        const decoded = decodeFrame(frame).message;
        assert(decoded.type === "FEDERATION_SYNC" && decoded.op === "Digest");
        otherInbox().push(decoded);
      },
      lacks: (addresses) => {
        for (const address of addresses) this.toSend.add(address);
      },
      finished: () => this.finishes++,
      broken: (why) => {
        throw new Error(why);
      },
    });
  }

  put(address: string, version: Version): void {
    this.tree.put(address, this.versions.get(address), version);
    this.versions.set(address, version);
  }
}

/** Runs an exchange to its end and checks that each side would send exactly what the other lacks. */
function exchange(fill: (a: Side, b: Side) => void): { readonly a: Side; readonly b: Side } {
  const a: Side = new Side(() => b.inbox);
  const b: Side = new Side(() => a.inbox);
  fill(a, b);
  a.exchange.start();
  for (let turn = 0; a.inbox.length + b.inbox.length > 0; turn++) {
    assert(turn < 100_000, "the exchange does not end");
    for (const side of [a, b]) {
      const message = side.inbox.shift();
      if (message !== undefined) side.exchange.received(message);
    }
  }
  assertEquals([a.finishes, b.finishes], [1, 1]);
  assertEquals([...a.toSend].sort(), newerThan(a, b));
  assertEquals([...b.toSend].sort(), newerThan(b, a));
  return { a, b };
}

function newerThan(side: Side, other: Side): string[] {
  return [...side.versions]
    .filter(([address, version]) => {
      const theirs = other.versions.get(address);
      return theirs === undefined || compareVersions(version, theirs) > 0;
    })
    .map(([address]) => address)
    .sort();
}

function versionOf(prng: Prng): Version {
  return {
    value: new Uint8Array([0]),
    revision: 1 + prng.nextInt(20),
    timestampMicros: 1_700_000_000_000_000 + prng.nextInt(100),
    origin: prng.pick(["site-a", "site-b", "hub"]),
    ttl: 0,
  };
}

function fillBoth(count: number, sides: readonly Side[]): Prng {
  const prng = createPrng(count);
  for (let index = 0; index < count; index++) {
    const version = versionOf(prng);
    for (const side of sides) side.put(`/site-a/fixture/${index}/level`, version);
  }
  return prng;
}

Deno.test("DigestExchange: two empty stores have nothing to say", () => {
  const { a, b } = exchange(() => {});
  assert(a.bytesSent + b.bytesSent < 100);
});

Deno.test("DigestExchange: equal stores of 100,000 cost a few hundred bytes", () => {
  const { a, b } = exchange((x, y) => fillBoth(100_000, [x, y]));
  console.log(`equal stores of 100,000: ${a.bytesSent + b.bytesSent} bytes`);
  assert(a.bytesSent + b.bytesSent < 500);
});

Deno.test("DigestExchange: 100 changes in 100,000 cost less than 60 kB", () => {
  const { a, b } = exchange((x, y) => {
    const prng = fillBoth(100_000, [x, y]);
    for (let change = 0; change < 100; change++) {
      const side = change % 2 === 0 ? x : y;
      const address = `/site-a/fixture/${prng.nextInt(100_000)}/level`;
      side.put(address, { ...versionOf(prng), timestampMicros: 1_800_000_000_000_000 + change });
    }
  });
  const bytes = a.bytesSent + b.bytesSent;
  console.log(`100 changes in 100,000: ${bytes} bytes, ${a.stepsSent + b.stepsSent} steps`);
  assert(bytes < 60_000, `${bytes} bytes`);
});

Deno.test("DigestExchange: a new store is told everything, in three steps", () => {
  const { a, b } = exchange((x) => fillBoth(20_000, [x]));
  assertEquals(a.toSend.size, 20_000);
  assert(a.stepsSent + b.stepsSent <= 4, `${a.stepsSent + b.stepsSent} steps`);
  const other = exchange((_x, y) => fillBoth(20_000, [y]));
  assertEquals(other.b.toSend.size, 20_000);
});

Deno.test("DigestExchange: stores that differ everywhere are paced in bounded steps", () => {
  let largest = 0;
  const { a, b } = exchange((x, y) => {
    const prng = fillBoth(20_000, [x]);
    for (let index = 0; index < 20_000; index++) {
      y.put(`/site-a/fixture/${index}/level`, versionOf(prng));
    }
    largest = x.versions.size;
  });
  assertEquals(largest, 20_000);
  assert(a.stepsSent > 10, `${a.stepsSent} steps`);
  assert(a.toSend.size + b.toSend.size > 15_000);
});

Deno.test("DigestExchange: random pairs of stores, of all sizes", () => {
  const prng = createPrng(77);
  for (let round = 0; round < 300; round++) {
    exchange((a, b) => {
      const size = prng.nextInt(prng.pick([3, 30, 400]));
      for (let index = 0; index < size; index++) {
        const address = `/${prng.nextInt(3)}/${prng.nextInt(size)}`;
        const version = versionOf(prng);
        const kind = prng.nextInt(10);
        if (kind !== 0) a.put(address, version);
        if (kind !== 1) b.put(address, kind === 2 ? versionOf(prng) : version);
      }
    });
  }
});

Deno.test("DigestExchange: addresses of a kilobyte in one part still fit frames", () => {
  const long = "x".repeat(990);
  exchange((a, b) => {
    const prng = createPrng(5);
    for (let index = 0; index < 3_000; index++) {
      const version = versionOf(prng);
      a.put(`/${index}/${long}`, version);
      b.put(`/${index}/${long}`, index % 3 === 0 ? versionOf(prng) : version);
    }
  });
});
