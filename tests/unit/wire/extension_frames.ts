import type { Message } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";

/** A frame of clasp-fed's own extensions, its bytes written by hand from the layout. */
export interface ExtensionFrame {
  readonly name: string;
  readonly hex: string;
  readonly message: Message;
}

/** What clasp-fed routers say to each other beyond the public protocol. */
export const EXTENSION_FRAMES: readonly ExtensionFrame[] = [
  {
    name: "HELLO with the router's facts, timed",
    hex: `53 01 0021 01 01 86  0001 6c  0000
      0006 736974652d61  001fffffffffffff  00060a24181e4000  01`,
    message: {
      type: "HELLO",
      version: 1,
      features: 0x86,
      name: "l",
      token: undefined,
      router: {
        routerId: "site-a",
        bootId: 9007199254740991,
        timeMicros: 1700000000000000,
        timed: true,
      },
    },
  },
  {
    name: "HELLO with a token and the router's facts, not timed",
    hex: `53 01 001c 01 01 06  0000  0001 74
      0001 61  0000000000000002  0000000000000000  00`,
    message: {
      type: "HELLO",
      version: 1,
      features: 0x06,
      name: "",
      token: "t",
      router: { routerId: "a", bootId: 2, timeMicros: 0, timed: false },
    },
  },
  {
    name: "WELCOME with the router's facts",
    hex: `53 01 002b 02 01 06  0000000000000005  0001 73  0003 687562  0000
      0003 687562  0000000000000007  0000000000000005  01`,
    message: {
      type: "WELCOME",
      version: 1,
      features: 0x06,
      timeMicros: 5,
      session: "s",
      name: "hub",
      token: undefined,
      router: { routerId: "hub", bootId: 7, timeMicros: 5, timed: true },
    },
  },
  {
    name: "TIME",
    hex: "53 41 000a 04 09  00060a24181e4000",
    message: { type: "FEDERATION_SYNC", op: "Time", timeMicros: 1700000000000000 },
  },
  {
    name: "DeclareNamespaces with owners and a path",
    hex: `53 41 002a 04 01  0002  0005 2f612f2a2a  0004 2f622f2a  0000  40 0001 61
      00  0001 61 01  0002 6232 00  02  0001 61  0003 687562`,
    message: {
      type: "FEDERATION_SYNC",
      op: "DeclareNamespaces",
      patterns: ["/a/**", "/b/*"],
      revisions: [],
      since: undefined,
      origin: "a",
      declare: {
        more: false,
        claims: [{ ownerId: "a", live: true }, { ownerId: "b2", live: false }],
        path: ["a", "hub"],
      },
    },
  },
  {
    name: "DeclareNamespaces without patterns, more follows",
    hex: "53 41 000c 04 01  0000  0000  40 0001 61  01  00",
    message: {
      type: "FEDERATION_SYNC",
      op: "DeclareNamespaces",
      patterns: [],
      revisions: [],
      since: undefined,
      origin: "a",
      declare: { more: true, claims: [], path: [] },
    },
  },
  {
    name: "FORWARD of updates",
    hex: "53 41 000d 04 05  00  0003  0006 736974652d61",
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "update",
      origin: "site-a",
      count: 3,
    },
  },
  {
    name: "FORWARD of the largest offer",
    hex: "53 41 0008 04 05  01  03e8  0001 61",
    message: { type: "FEDERATION_SYNC", op: "Forward", kind: "offer", origin: "a", count: 1000 },
  },
  {
    name: "FORWARD of updates that are tombstones",
    hex: "53 41 0008 04 05  05  0002  0001 61",
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "update",
      origin: "a",
      count: 2,
      tombstones: true,
    },
  },
  {
    name: "FORWARD of an offer that is a tombstone",
    hex: "53 41 0008 04 05  06  0001  0001 61",
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "offer",
      origin: "a",
      count: 1,
      tombstones: true,
    },
  },
  {
    name: "SET of a tombstone, behind its context",
    hex: `53 61 0012 00060a24181e4000  21 90 0002 2f61
      0000000000000003 8000001e`,
    message: {
      type: "SET",
      address: "/a",
      value: encodeValue(null),
      revision: 3,
      lock: false,
      unlock: false,
      ttl: 0x8000_001e,
    },
  },
  {
    name: "FORWARD of write requests",
    hex: `53 41 0050 04 05  02  0002  0001 61  0000000000000009
      0000000000000001  00001388  00060a24181e4000  000000000000002a  0004 732d3137
      0000000000000002  00000000  0000000000000000  0000000000000000  0000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "request",
      origin: "a",
      count: 2,
      bootId: 9,
      entries: [
        {
          requestId: 1,
          remainingLifeMs: 5000,
          knownTimestampMicros: 1700000000000000,
          knownRevision: 42,
          holder: "s-17",
        },
        {
          requestId: 2,
          remainingLifeMs: 0,
          knownTimestampMicros: 0,
          knownRevision: 0,
          holder: "",
        },
      ],
    },
  },
  {
    name: "FORWARD of an event",
    hex: `53 41 0020 04 05  03  0001  0001 61  0000000000000009
      0000000000000100  ffffffff  00000102`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "event",
      origin: "a",
      count: 1,
      bootId: 9,
      entries: [{ sequence: 256, remainingLifeMs: 4294967295, ageMs: 258 }],
    },
  },
  {
    name: "FORWARD of an event, when it was written in the frame",
    hex: `53 61 0020 00000000004c4b40  04 05  03  0001  0001 61  0000000000000009
      0000000000000001  00001388  00000000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "event",
      origin: "a",
      count: 1,
      bootId: 9,
      entries: [{ sequence: 1, remainingLifeMs: 5000, ageMs: 0 }],
    },
  },
  {
    name: "LINK_ACK",
    hex: "53 41 000a 04 07  0000000000000102",
    message: { type: "FEDERATION_SYNC", op: "LinkAck", events: 258 },
  },
  {
    name: "SIGNALS, each list with one entry",
    hex: `53 41 0023 04 0a  0001  0002 2f61 00 03 0003 663332 0002 7277
      0001  0002 2f62  0001  0001 73  0001  0001 74`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Signals",
      offered: [
        { address: "/a", signal: 0, datatype: "f32", access: "rw", meta: undefined },
      ],
      withdrawn: ["/b"],
      joined: ["s"],
      left: ["t"],
    },
  },
  {
    name: "SIGNAL_ANSWER of a session that is gone",
    hex: "53 41 0017 04 0b  0001 61  0000000000000009  0000000000000001  0194",
    message: {
      type: "FEDERATION_SYNC",
      op: "SignalAnswer",
      origin: "a",
      bootId: 9,
      sequence: 1,
      code: 404,
    },
  },
  {
    name: "FORWARD of replies, one stamped and locked, one refused",
    hex: `53 41 0029 04 05  04  0002  0001 61  0000000000000009
      0000000000000001  0003 687562  01
      0000000000000002  0000  00`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "reply",
      origin: "a",
      count: 2,
      bootId: 9,
      entries: [
        { requestId: 1, stamperId: "hub", locked: true },
        { requestId: 2, stamperId: "", locked: false },
      ],
    },
  },
  {
    name: "FORWARD of the share of a bundle, with when it was written",
    hex: `53 61 0030 00000000004c4b40  04 05  07  0001  0001 61  0000000000000009
      0000000000000007  00001388  00060a24181e4000  0000000000000003  0002 7331`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "share",
      origin: "a",
      count: 1,
      bootId: 9,
      entries: [{
        requestId: 7,
        remainingLifeMs: 5000,
        runAtMicros: 1700000000000000,
        knownTimestampMicros: 3,
        holder: "s1",
      }],
    },
  },
  {
    name: "FORWARD of answers about shares, one late, one refused at its time",
    hex: `53 41 002a 04 05  08  0002  0001 61  0000000000000009
      0000000000000007  00  0000000c
      0000000000000008  01  00000000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Forward",
      kind: "shareReply",
      origin: "a",
      count: 2,
      bootId: 9,
      entries: [
        { requestId: 7, afterwards: false, lateMs: 12 },
        { requestId: 8, afterwards: true, lateMs: 0 },
      ],
    },
  },
  {
    name: "SHARE_CANCEL",
    hex: "53 41 0015 04 0c  0001 61  0000000000000009  0000000000000007",
    message: { type: "FEDERATION_SYNC", op: "ShareCancel", origin: "a", bootId: 9, requestId: 7 },
  },
  {
    name: "SET of an update, its version's timestamp in the frame",
    hex: `53 61 001a 00060a24181e4000  21 97 0002 2f61 3ff0000000000000
      0000000000000003 00000000`,
    message: {
      type: "SET",
      address: "/a",
      value: encodeValue(1),
      revision: 3,
      lock: false,
      unlock: false,
      ttl: 0,
    },
  },
  {
    name: "DIGEST that begins an exchange",
    hex: `53 41 0017 04 06  00000007 02  8001 00000002 00000003  0000 0000 0000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Digest",
      exchangeId: 7,
      more: false,
      idle: false,
      root: { count: 128, high: 2, low: 3 },
      groups: [],
      lists: [],
      wants: [],
    },
  },
  {
    name: "DIGEST with a group, a list with a tombstone, and a want, more to follow",
    hex: `53 41 0060 04 06  00000007 01
      0001  01 000f 8001  01 00000002 00000003  05 00000006 00000007
      0001  04 ffff  0001 0003 687562
      0002  0002 2f61 0000000000000009 00060a24181e4000 0000
            0002 2f63 0000000000000002 00060a24181e4000 8000
      0001  0002 2f62`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Digest",
      exchangeId: 7,
      more: true,
      idle: false,
      root: undefined,
      groups: [{
        depth: 1,
        index: 15,
        children: [
          { count: 1, high: 2, low: 3 },
          ...Array.from({ length: 14 }, () => ({ count: 0, high: 0, low: 0 })),
          { count: 5, high: 6, low: 7 },
        ],
      }],
      lists: [{
        depth: 4,
        index: 0xffff,
        versions: [{
          address: "/a",
          revision: 9,
          timestampMicros: 1700000000000000,
          origin: "hub",
        }, {
          address: "/c",
          revision: 2,
          timestampMicros: 1700000000000000,
          origin: "hub",
          tombstone: true,
        }],
      }],
      wants: ["/b"],
    },
  },
  {
    name: "LEASE that renews two locks",
    hex: `53 41 0029 04 08  00  0001 61  0000000000000009  00060a24181e4000  00  0002
      0002 2f78  0002 7331
      0002 2f79  0002 7332`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Lease",
      kind: "renew",
      origin: "a",
      bootId: 9,
      sentMicros: 1700000000000000,
      hops: 0,
      entries: [{ address: "/x", holder: "s1" }, { address: "/y", holder: "s2" }],
    },
  },
  {
    name: "LEASE that releases a lock",
    hex: `53 41 0021 04 08  01  0001 61  0000000000000009  0000000000000005  01  0001
      0002 2f78  0002 7331`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Lease",
      kind: "release",
      origin: "a",
      bootId: 9,
      sentMicros: 5,
      hops: 1,
      entries: [{ address: "/x", holder: "s1" }],
    },
  },
  {
    name: "LEASE that confirms",
    hex: `53 41 0021 04 08  02  0001 61  0000000000000009  0000000000000005  02  0001
      0002 2f78  0002 7331`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Lease",
      kind: "confirmed",
      origin: "a",
      bootId: 9,
      sentMicros: 5,
      hops: 2,
      entries: [{ address: "/x", holder: "s1" }],
    },
  },
  {
    name: "LEASE that denies nothing",
    hex: `53 41 0019 04 08  03  0001 61  0000000000000009  0000000000000005  ff  0000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Lease",
      kind: "denied",
      origin: "a",
      bootId: 9,
      sentMicros: 5,
      hops: 255,
      entries: [],
    },
  },
  {
    name: "DIGEST that has nothing to say",
    hex: `53 41 000d 04 06  00000007 04  0000 0000 0000`,
    message: {
      type: "FEDERATION_SYNC",
      op: "Digest",
      exchangeId: 7,
      more: false,
      idle: true,
      root: undefined,
      groups: [],
      lists: [],
      wants: [],
    },
  },
];
