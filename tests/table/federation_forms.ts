import {
  CONTEXT_ENTRIES_MAX,
  DIGEST_DEPTH_MAX,
  LEASE_ENTRIES_MAX,
  LEASE_HOPS_MAX,
  MAX_FEDERATION_PATTERNS,
  PATH_ROUTERS_MAX,
} from "../../src/limits.ts";
import { MESSAGE_CODE, VALUE_CODE } from "../../src/wire/message.ts";
import { ACK, BUNDLE, definition, PUBLISH, SET } from "./client_forms.ts";
import { encodeForm } from "./encode_form.ts";
import {
  addressField,
  countField,
  fixed,
  flagsField,
  patternField,
  routerIdField,
  textField,
  u64Field,
  uintField,
} from "./field_kinds.ts";
import type { Field, Form, Make, Names, Variant, Whole } from "./form.ts";
import { type Bytes, frame, type FrameLies, join, text, uint } from "./raw_bytes.ts";

const FEDERATION_SYNC = "FEDERATION_SYNC";
/** What was stamped by a peer: 2026-10-31, before any time that a router takes its clock for. */
const STAMP_MICROS = 1_793_404_800_000_000n;

function opField(code: number): Field {
  return {
    name: "operation",
    covers: [],
    sample: () => uint(1, code),
    variants: [],
  };
}

function every(bits = 0xff) {
  return fixed("every bit", uint(1, bits), { isLie: true });
}

function sync(name: string, op: number, fields: readonly Field[], more: Partial<Form> = {}): Form {
  return {
    name: `${FEDERATION_SYNC} ${name}`,
    type: FEDERATION_SYNC,
    fields: [opField(op), ...fields],
    ...more,
  };
}

const OPERATION: Form = {
  name: `${FEDERATION_SYNC} of no operation`,
  type: FEDERATION_SYNC,
  fields: [{
    name: "operation",
    covers: [],
    sample: () => uint(1, 0),
    variants: [fixed("0x0d", uint(1, 0x0d)), fixed("0xff", uint(1, 0xff))]
      .map((variant) => ({ ...variant, isLie: true })),
  }],
};

function namespaceFields(op: string, hasPattern: boolean): readonly Field[] {
  const covers = (field: string) => [`NamespaceSyncMessage.${field}`];
  return [
    countField({
      name: "count of patterns",
      covers: covers("patterns"),
      sample: () => uint(2, hasPattern ? 1 : 0),
    }),
    ...(hasPattern
      ? [patternField({
        name: "pattern",
        covers: covers("patterns"),
        sample: ({ namespace }) => text(namespace),
      })]
      : []),
    countField({
      name: "count of revisions",
      covers: covers("revisions"),
      sample: () => uint(2, op === "RevisionVector" ? 1 : 0),
    }),
    ...(op === "RevisionVector"
      ? [
        addressField({
          name: "address",
          covers: covers("revisions"),
          sample: ({ address }) => text(address),
        }),
        u64Field({
          name: "revision",
          covers: covers("revisions"),
          sample: () => uint(8, 1),
        }),
      ]
      : []),
    flagsField({ name: "flags", covers: [], sample: () => uint(1, 0), more: [every()] }),
    u64Field({ name: "since", covers: covers("since"), flag: { field: "flags", bits: 0x80 } }),
    routerIdField({
      name: "origin",
      covers: covers("origin"),
      sample: ({ routerId }) => text(routerId),
      flag: { field: "flags", bits: 0x40 },
    }),
  ];
}

function declareTrailer(): readonly Field[] {
  const claim = (field: string) => [`ClaimFacts.${field}`];
  return [
    uintField(1, {
      name: "more",
      covers: ["DeclareTrailer.more", "NamespaceSyncMessage.declare"],
      sample: () => uint(1, 0),
    }),
    routerIdField({
      name: "owner id",
      covers: ["DeclareTrailer.claims", ...claim("ownerId")],
      sample: ({ routerId }) => text(routerId),
    }),
    uintField(1, { name: "live", covers: claim("live"), sample: () => uint(1, 1) }),
    countField({
      name: "count of the path",
      covers: ["DeclareTrailer.path"],
      sample: () => uint(1, 1),
      more: [fixed(`${PATH_ROUTERS_MAX + 1}, one follows`, uint(1, PATH_ROUTERS_MAX + 1), {
        isLie: true,
      })],
    }, 1),
    routerIdField({
      name: "path",
      covers: ["DeclareTrailer.path"],
      sample: ({ routerId }) => text(routerId),
    }),
  ];
}

/** A declaration of so many patterns, each with its owner. */
function manyPatterns(names: Names, count: number, op: number): Bytes {
  const root = names.namespace.replace("/**", "");
  const patterns = Array.from({ length: count }, (_, index) => text(`${root}/${index}`));
  const owners = patterns.map(() => join(text(names.routerId), 1));
  const trailer = op === 1 ? join(0, ...owners, 1, text(names.routerId)) : join();
  return frame(join(
    MESSAGE_CODE.FEDERATION_SYNC,
    op,
    uint(2, count),
    ...patterns,
    uint(2, 0),
    0x40,
    text(names.routerId),
    trailer,
  ));
}

function tooManyPatterns(op: number): Whole {
  const count = MAX_FEDERATION_PATTERNS + 1;
  return {
    field: "pattern",
    name: `${count} patterns`,
    make: (names) => manyPatterns(names, count, op),
  };
}

/** DeclareNamespaces as public routers say it. */
export const LEGACY_DECLARE: Form = sync(
  "DeclareNamespaces without owners",
  0x01,
  namespaceFields("DeclareNamespaces", true),
);

/** The kinds of tombstones, with those of versions. */
const KIND_OF_VERSIONS: ReadonlyMap<number, number> = new Map([[5, 0], [6, 1]]);
const UNKNOWN_KIND = 9;
const SHARE = 7;
const SHARE_REPLY = 8;

function contextFields(kind: number, covers: "union" | "numbered"): Field[] {
  const ofVersions = KIND_OF_VERSIONS.get(kind);
  return [
    {
      name: "kind",
      covers: [],
      sample: () => uint(1, kind),
      variants: kind === 0
        ? [fixed(String(UNKNOWN_KIND), uint(1, UNKNOWN_KIND), { isLie: true })]
        : ofVersions !== undefined
        ? [fixed("no tombstone", uint(1, ofVersions))]
        : [],
    },
    // The frames behind it are no part of this payload: one too few of them is a lie too.
    countField({
      name: "count",
      covers: ["ForwardMessage.count"],
      sample: () => uint(2, 1),
      more: [
        fixed(`${CONTEXT_ENTRIES_MAX + 1}, one follows`, uint(2, CONTEXT_ENTRIES_MAX + 1), {
          isLie: true,
        }),
      ],
    }),
    routerIdField({
      name: "origin",
      covers: ["ForwardMessage.origin"],
      sample: ({ routerId }) => text(routerId),
    }),
    ...(covers === "union" ? [] : [u64Field({
      name: "boot id",
      covers: ["ForwardMessage.bootId"],
      sample: () => uint(8, 1),
    })]),
  ];
}

/** A frame behind a context: the frame of a form, with a header of its own. */
interface Covered {
  readonly form: Form;
  readonly header: FrameLies;
  /** It is about what the receiver owns, not the sender. */
  readonly isOutside?: boolean;
}

function forward(
  name: string,
  fields: readonly Field[],
  { form, header, isOutside = false }: Covered,
  more: readonly Whole[] = [],
): Form {
  const context = sync(name, 0x05, fields, { behind: (names) => covered(names) });
  const about = (names: Names): Names =>
    isOutside ? { ...names, address: names.outside, outside: names.address } : names;
  const covered: Make = (names) => frame(encodeForm(form, about(names)), header);
  const withBehind = (field: string, variant: string, behind: Make, isLie = false): Whole => ({
    field,
    name: variant,
    make: (names) => join(frame(encodeForm(context, names)), behind(names)),
    isLie,
  });
  const changed = form.fields.flatMap((field) =>
    field.variants.map((variant) =>
      withBehind(
        `${form.name} ${field.name}`,
        variant.name,
        (names) => frame(encodeForm(form, about(names), { field, variant }), header),
        variant.isLie,
      )
    )
  );
  return {
    ...context,
    wholes: [
      ...changed,
      {
        ...withBehind("frame", "none", () => join(), true),
        takesMarker: true,
      },
      withBehind("frame", "a PING", () => frame(Uint8Array.of(MESSAGE_CODE.PING))),
      withBehind("frame", "a context", (names) => frame(encodeForm(context, names))),
      ...(header.timestamp === undefined ? [] : timestamps(form, withBehind)),
      ...more,
    ],
  };
}

function timestamps(
  form: Form,
  withBehind: (field: string, variant: string, behind: Make) => Whole,
): Whole[] {
  const stamps: readonly (readonly [string, bigint | undefined])[] = [
    ["none", undefined],
    ["zero", 0n],
    ["the year 2200", 7_258_118_400_000_000n],
    ["2^53 - 1", 2n ** 53n - 1n],
  ];
  return stamps.map(([name, timestamp]) =>
    withBehind(
      `${form.name} timestamp`,
      name,
      (names) => frame(encodeForm(form, names), timestamp === undefined ? {} : { timestamp }),
    )
  );
}

/** A SET that tells a version: with revision and TTL. */
function version(name: string, fieldsSampled: Readonly<Record<string, Bytes>>): Form {
  return {
    ...SET,
    name,
    fields: SET.fields.map((field) => {
      const bytes = fieldsSampled[field.name];
      return bytes === undefined ? field : { ...field, sample: () => bytes };
    }),
  };
}

const VERSION = version("SET", { revision: uint(8, 1), TTL: uint(4, 0) });
const TOMBSTONE: Form = {
  ...version("SET", { revision: uint(8, 1), TTL: uint(4, 3_600), value: join() }),
};
const TOMBSTONE_SET: Form = {
  ...TOMBSTONE,
  fields: TOMBSTONE.fields.map((field) =>
    field.name === "value" ? { ...field, flag: { field: "flags", bits: VALUE_CODE.null } } : field
  ),
};
const STAMPED: FrameLies = { timestamp: STAMP_MICROS };

const REQUEST_ENTRY: readonly Field[] = [
  u64Field({
    name: "request id",
    covers: ["RequestEntry.requestId", "ForwardMessage.entries"],
    sample: ({ number }) => uint(8, number),
  }),
  uintField(4, {
    name: "remaining life",
    covers: ["RequestEntry.remainingLifeMs"],
    sample: () => uint(4, 5_000),
  }),
  u64Field({
    name: "known timestamp",
    covers: ["RequestEntry.knownTimestampMicros"],
    sample: () => uint(8, 0),
  }),
  u64Field({
    name: "known revision",
    covers: ["RequestEntry.knownRevision"],
    sample: () => uint(8, 0),
  }),
  textField({
    name: "holder",
    covers: ["RequestEntry.holder"],
    sample: () => text(""),
    more: [fixed("a session", text("s-1")), fixed("with a slash", text("s/1"))],
  }),
];

const EVENT_ENTRY: readonly Field[] = [
  u64Field({
    name: "sequence",
    covers: ["EventEntry.sequence"],
    sample: ({ number }) => uint(8, number),
  }),
  uintField(4, {
    name: "remaining life",
    covers: ["EventEntry.remainingLifeMs"],
    sample: () => uint(4, 5_000),
  }),
  uintField(4, { name: "age", covers: ["EventEntry.ageMs"], sample: () => uint(4, 0) }),
];

const REPLY_ENTRY: readonly Field[] = [
  u64Field({
    name: "request id",
    covers: ["ReplyEntry.requestId"],
    sample: ({ number }) => uint(8, number),
  }),
  routerIdField({
    name: "stamper id",
    covers: ["ReplyEntry.stamperId"],
    sample: ({ routerId }) => text(routerId),
  }),
  uintField(1, { name: "locked", covers: ["ReplyEntry.locked"], sample: () => uint(1, 0) }),
];

/** Federation time from here on, as near as a leaf has it. */
function runAt(name: string, aheadMicros: number): Variant {
  return { name, make: () => uint(8, BigInt(Date.now()) * 1_000n + BigInt(aheadMicros)) };
}

const SHARE_ENTRY: readonly Field[] = [
  u64Field({
    name: "request id",
    covers: ["ShareEntry.requestId"],
    sample: ({ number }) => uint(8, number),
  }),
  uintField(4, {
    name: "remaining life",
    covers: ["ShareEntry.remainingLifeMs"],
    sample: () => uint(4, 5_000),
  }),
  u64Field({
    name: "run at",
    covers: ["ShareEntry.runAtMicros"],
    sample: () => uint(8, 0),
    more: [
      fixed("long ago", uint(8, 1)),
      runAt("in an hour", 3_600e6),
      runAt("in 25 hours", 90_000e6),
    ],
  }),
  u64Field({
    name: "known timestamp",
    covers: ["ShareEntry.knownTimestampMicros"],
    sample: () => uint(8, 0),
  }),
  textField({
    name: "holder",
    covers: ["ShareEntry.holder"],
    sample: () => text(""),
    more: [fixed("a session", text("s-1")), fixed("with a slash", text("s/1"))],
  }),
];

const SHARE_REPLY_ENTRY: readonly Field[] = [
  u64Field({
    name: "request id",
    covers: ["ShareReplyEntry.requestId"],
    sample: ({ number }) => uint(8, number),
  }),
  uintField(1, {
    name: "flags",
    covers: ["ShareReplyEntry.afterwards"],
    sample: () => uint(1, 0),
    more: [fixed("afterwards", uint(1, 1))],
  }),
  uintField(4, {
    name: "late",
    covers: ["ShareReplyEntry.lateMs"],
    sample: () => uint(4, 0),
  }),
];

/** A context with one numbered entry, about the frame behind it. */
function numbered(names: Names, kind: number, entry: Bytes): Bytes {
  return frame(join(
    join(MESSAGE_CODE.FEDERATION_SYNC, 0x05, kind, uint(2, 1)),
    join(text(names.routerId), uint(8, 1), entry),
  ));
}

function shareOf(names: Names, runAtMicros: bigint, ...sets: readonly Bytes[]): Bytes {
  const { number } = names;
  const entry = join(uint(8, number), uint(4, 5_000), uint(8, runAtMicros), uint(8, 0), text(""));
  const parts = sets.map((set) => join(uint(2, set.length), set));
  const payload = join(MESSAGE_CODE.BUNDLE, 0, uint(2, sets.length), ...parts);
  return join(numbered(names, SHARE, entry), frame(payload));
}

function setOf(address: string): Bytes {
  return join(MESSAGE_CODE.SET, VALUE_CODE.i32, text(address), uint(4, 7));
}

const SHARE_WHOLES: readonly Whole[] = [{
  field: "BUNDLE messages",
  name: "two SETs",
  make: (names) => shareOf(names, 0n, setOf(names.outside), setOf(`${names.outside}/2`)),
}, {
  field: "BUNDLE messages",
  name: "SETs of two owners",
  make: (names) => shareOf(names, 0n, setOf(names.outside), setOf(names.address)),
}, {
  field: "BUNDLE messages",
  name: "no message",
  make: (names) => shareOf(names, 0n),
}, {
  field: "request id",
  name: "twice, for later",
  make: (names) => {
    const later = BigInt(Date.now()) * 1_000n + 3_600_000_000n;
    const share = shareOf(names, later, setOf(names.outside));
    return join(share, share);
  },
}, {
  field: "request id",
  name: "for later, and taken back",
  make: (names) => {
    const later = BigInt(Date.now()) * 1_000n + 3_600_000_000n;
    const { routerId, number } = names;
    const cancel = join(text(routerId), uint(8, 1), uint(8, number));
    return join(
      shareOf(names, later, setOf(names.outside)),
      frame(join(MESSAGE_CODE.FEDERATION_SYNC, 0x0c, cancel)),
    );
  },
}];

const ERROR_FRAME: Make = () =>
  frame(join(MESSAGE_CODE.ERROR, uint(2, 403), text("refused there"), 0));

const FORWARDS: readonly Form[] = [
  forward(
    "FORWARD of an update",
    [
      ...contextFields(0, "union").map((field) =>
        field.name === "kind" ? { ...field, covers: ["ForwardMessage.kind"] } : field
      ),
    ],
    { form: VERSION, header: STAMPED },
  ),
  forward("FORWARD of an offer", contextFields(1, "union"), { form: VERSION, header: STAMPED }, [{
    field: "SET address",
    name: "outside the namespaces, of the peer",
    make: (names) =>
      join(
        frame(join(
          MESSAGE_CODE.FEDERATION_SYNC,
          0x05,
          1,
          uint(2, 1),
          text(names.routerId),
        )),
        frame(encodeForm(VERSION, { ...names, address: names.outside }), STAMPED),
      ),
  }]),
  forward(
    "FORWARD of a tombstone",
    contextFields(5, "union").map((field) =>
      field.name === "kind" ? { ...field, covers: ["ForwardMessage.tombstones"] } : field
    ),
    { form: TOMBSTONE_SET, header: STAMPED },
  ),
  forward("FORWARD of an offered tombstone", contextFields(6, "union"), {
    form: TOMBSTONE_SET,
    header: STAMPED,
  }),
  forward("FORWARD of a request", [...contextFields(2, "numbered"), ...REQUEST_ENTRY], {
    form: SET,
    header: {},
    isOutside: true,
  }),
  forward("FORWARD of an event", [...contextFields(3, "numbered"), ...EVENT_ENTRY], {
    form: PUBLISH,
    header: {},
  }),
  forward("FORWARD of a reply", [...contextFields(4, "numbered"), ...REPLY_ENTRY], {
    form: VERSION,
    header: STAMPED,
  }, [{
    field: "frame",
    name: "an ERROR",
    make: (names) => {
      const entry = join(uint(8, names.number), text(""), 0);
      const context = join(
        MESSAGE_CODE.FEDERATION_SYNC,
        0x05,
        4,
        uint(2, 1),
        text(names.routerId),
        uint(8, 1),
        entry,
      );
      return join(frame(context), ERROR_FRAME(names));
    },
  }]),
  forward(
    "FORWARD of a share",
    [...contextFields(SHARE, "numbered"), ...SHARE_ENTRY],
    { form: BUNDLE, header: {}, isOutside: true },
    SHARE_WHOLES,
  ),
  forward(
    "FORWARD of a share's reply",
    [
      ...contextFields(SHARE_REPLY, "numbered"),
      ...SHARE_REPLY_ENTRY,
    ],
    { form: ACK, header: {} },
    [{
      field: "frame",
      name: "an ERROR",
      make: (names) =>
        join(
          numbered(names, SHARE_REPLY, join(uint(8, names.number), 0, uint(4, 0))),
          ERROR_FRAME(names),
        ),
    }],
  ),
];

const SUM = join(1, uint(4, 0), uint(4, 0));
const digestCovers = (field: string) => [`DigestMessage.${field}`];

function placeFields(what: "DigestGroup" | "DigestList", depthMax: number): readonly Field[] {
  return [
    uintField(1, {
      name: "depth",
      covers: [`${what}.depth`],
      sample: () => uint(1, 1),
      more: [
        fixed(`${depthMax}`, uint(1, depthMax)),
        fixed(`${depthMax + 1}`, uint(1, depthMax + 1), { isLie: true }),
      ],
    }),
    uintField(2, {
      name: "index",
      covers: [`${what}.index`],
      sample: () => uint(2, 0),
      more: [fixed("15", uint(2, 15)), fixed("16", uint(2, 16), { isLie: true })],
    }),
  ];
}

function digestStart(flags: number): readonly Field[] {
  return [
    uintField(4, {
      name: "exchange id",
      covers: digestCovers("exchangeId"),
      sample: () => uint(4, 1),
    }),
    flagsField({
      name: "flags",
      covers: [...digestCovers("more"), ...digestCovers("idle")],
      sample: () => uint(1, flags),
      more: [fixed("more", uint(1, 0x01)), fixed("idle", uint(1, 0x04)), every()],
    }),
  ];
}

const DIGESTS: readonly Form[] = [
  sync("DIGEST of a root", 0x06, [
    ...digestStart(0x02),
    {
      name: "root",
      covers: [
        ...digestCovers("root"),
        "DigestSum.count",
        "DigestSum.high",
        "DigestSum.low",
      ],
      sample: () => SUM,
      variants: [
        fixed("nothing", join(0, uint(4, 0), uint(4, 0))),
        fixed("greatest", join(0xff, 0xff, 0xff, 0xff, 0x0f, uint(8, 2n ** 64n - 1n))),
        fixed("a count of 33 bits", join(0xff, 0xff, 0xff, 0xff, 0x1f, uint(8, 0)), {
          isLie: true,
        }),
        fixed("a count without end", join(0xff, 0xff, 0xff, 0xff, 0xff, uint(8, 0)), {
          isLie: true,
        }),
      ],
    },
    countField({ name: "groups", covers: digestCovers("groups"), sample: () => uint(2, 0) }),
    countField({ name: "lists", covers: digestCovers("lists"), sample: () => uint(2, 0) }),
    countField({ name: "wants", covers: digestCovers("wants"), sample: () => uint(2, 1) }),
    addressField({
      name: "want",
      covers: digestCovers("wants"),
      sample: ({ address }) => text(address),
    }),
  ]),
  sync("DIGEST of a group", 0x06, [
    ...digestStart(0),
    countField({ name: "groups", covers: digestCovers("groups"), sample: () => uint(2, 1) }),
    ...placeFields("DigestGroup", DIGEST_DEPTH_MAX - 1),
    {
      name: "children",
      covers: ["DigestGroup.children"],
      sample: () => join(uint(2, 1), SUM),
      variants: [
        fixed("none", uint(2, 0)),
        fixed("all, one follows", join(uint(2, 0xffff), SUM), { isLie: true }),
      ],
    },
    { name: "end", covers: [], sample: () => uint(4, 0), variants: [] },
  ]),
  sync("DIGEST of a list", 0x06, [
    ...digestStart(0),
    { name: "no groups", covers: [], sample: () => uint(2, 0), variants: [] },
    countField({ name: "lists", covers: digestCovers("lists"), sample: () => uint(2, 1) }),
    ...placeFields("DigestList", DIGEST_DEPTH_MAX),
    countField({ name: "origins", covers: [], sample: () => uint(2, 1) }),
    routerIdField({
      name: "origin",
      covers: ["VersionSummary.origin"],
      sample: ({ routerId }) => text(routerId),
    }),
    countField({
      name: "versions",
      covers: ["DigestList.versions"],
      sample: () => uint(2, 1),
    }),
    addressField({
      name: "address",
      covers: ["VersionSummary.address"],
      sample: ({ address }) => text(address),
    }),
    u64Field({
      name: "revision",
      covers: ["VersionSummary.revision"],
      sample: () => uint(8, 1),
    }),
    u64Field({
      name: "timestamp",
      covers: ["VersionSummary.timestampMicros"],
      sample: () => uint(8, STAMP_MICROS),
    }),
    {
      name: "index of the origin",
      covers: ["VersionSummary.tombstone"],
      sample: () => uint(2, 0),
      variants: [
        fixed("of a tombstone", uint(2, 0x8000)),
        fixed("one too many", uint(2, 1), { isLie: true }),
        fixed("greatest", uint(2, 0xffff), { isLie: true }),
      ],
    },
    { name: "end", covers: [], sample: () => uint(2, 0), variants: [] },
  ]),
];

const LEASE_KINDS = ["renew", "release", "confirmed", "denied"] as const;

function lease(kind: typeof LEASE_KINDS[number], code: number): Form {
  const covers = (field: string) => [`LeaseMessage.${field}`];
  return sync(`LEASE ${kind}`, 0x08, [
    {
      name: "kind",
      covers: covers("kind"),
      sample: () => uint(1, code),
      variants: code === 0 ? [fixed("4", uint(1, 4), { isLie: true })] : [],
    },
    routerIdField({
      name: "origin",
      covers: covers("origin"),
      sample: ({ routerId }) => text(routerId),
    }),
    u64Field({ name: "boot id", covers: covers("bootId"), sample: () => uint(8, 1) }),
    u64Field({ name: "sent", covers: covers("sentMicros"), sample: () => uint(8, 1) }),
    uintField(1, {
      name: "hops",
      covers: covers("hops"),
      sample: () => uint(1, 0),
      more: [
        fixed(`${LEASE_HOPS_MAX - 1}`, uint(1, LEASE_HOPS_MAX - 1)),
        fixed(`${LEASE_HOPS_MAX}`, uint(1, LEASE_HOPS_MAX)),
      ],
    }),
    countField({
      name: "count",
      covers: covers("entries"),
      sample: () => uint(2, 1),
      more: [fixed(`${LEASE_ENTRIES_MAX + 1}, one follows`, uint(2, LEASE_ENTRIES_MAX + 1), {
        isLie: true,
      })],
    }),
    addressField({
      name: "address",
      covers: ["LeaseEntry.address"],
      sample: ({ outside }) => text(outside),
    }),
    textField({
      name: "session",
      covers: ["LeaseEntry.holder"],
      sample: () => text("s-1"),
      more: [fixed("with a slash", text("s/1"))],
    }),
  ]);
}

function listFields(
  name: string,
  item: Field,
): readonly Field[] {
  const { covers } = item;
  return [
    countField({ name: `count of ${name}`, covers, sample: () => uint(2, 1) }),
    item,
  ];
}

function noItems(name: string): Field {
  return { name: `count of ${name}`, covers: [], sample: () => uint(2, 0), variants: [] };
}

function sessionsField(name: "joined" | "left"): readonly Field[] {
  return listFields(
    name,
    textField({
      name,
      covers: [`SignalsMessage.${name}`],
      sample: ({ number }) => text(`s-${number}`),
      more: [fixed("with a slash", text("s/1"))],
    }),
  );
}

const SIGNALS = sync("SIGNALS of definitions", 0x0a, [
  ...definition("SignalsMessage.offered"),
  ...listFields(
    "withdrawn",
    addressField({
      name: "withdrawn",
      covers: ["SignalsMessage.withdrawn"],
      sample: ({ address }) => text(address),
    }),
  ),
  noItems("joined"),
  noItems("left"),
], {
  wholes: [{
    field: "message",
    name: "of nothing",
    make: () => frame(join(MESSAGE_CODE.FEDERATION_SYNC, 0x0a, uint(8, 0))),
  }],
});

const SESSION_SIGNALS = sync("SIGNALS of sessions", 0x0a, [
  noItems("offered"),
  noItems("withdrawn"),
  ...sessionsField("joined"),
  ...sessionsField("left"),
]);

const SIGNAL_ANSWER = sync("SIGNAL_ANSWER", 0x0b, [
  routerIdField({
    name: "origin",
    covers: ["SignalAnswerMessage.origin"],
    sample: () => text("the-router"),
  }),
  u64Field({
    name: "boot id",
    covers: ["SignalAnswerMessage.bootId"],
    sample: () => uint(8, 1),
  }),
  u64Field({
    name: "sequence",
    covers: ["SignalAnswerMessage.sequence"],
    sample: () => uint(8, 1),
  }),
  uintField(2, {
    name: "code",
    covers: ["SignalAnswerMessage.code"],
    sample: () => uint(2, 0),
    more: [fixed("404", uint(2, 404)), fixed("503", uint(2, 503))],
  }),
]);

const SHARE_CANCEL = sync("SHARE_CANCEL", 0x0c, [
  routerIdField({
    name: "origin",
    covers: ["ShareCancelMessage.origin"],
    sample: ({ routerId }) => text(routerId),
  }),
  u64Field({ name: "boot id", covers: ["ShareCancelMessage.bootId"], sample: () => uint(8, 1) }),
  u64Field({
    name: "request id",
    covers: ["ShareCancelMessage.requestId"],
    sample: () => uint(8, 1),
  }),
]);

/** FEDERATION_SYNC, by operation. */
export const FEDERATION_FORMS: readonly Form[] = [
  OPERATION,
  LEGACY_DECLARE,
  sync("DeclareNamespaces", 0x01, [
    ...namespaceFields("DeclareNamespaces", true),
    ...declareTrailer(),
  ], { wholes: [tooManyPatterns(1)] }),
  sync("RequestSync", 0x02, namespaceFields("RequestSync", true), {
    wholes: [tooManyPatterns(2)],
  }),
  sync("RevisionVector", 0x03, namespaceFields("RevisionVector", false)),
  sync("SyncComplete", 0x04, namespaceFields("SyncComplete", true)),
  ...FORWARDS,
  ...DIGESTS,
  sync("LINK_ACK", 0x07, [
    u64Field({
      name: "events",
      covers: ["LinkAckMessage.events"],
      sample: () => uint(8, 0),
    }),
  ]),
  ...LEASE_KINDS.map(lease),
  sync("TIME", 0x09, [
    u64Field({
      name: "time",
      covers: ["TimeMessage.timeMicros"],
      sample: () => uint(8, STAMP_MICROS),
      more: [fixed("the year 2200", uint(8, 7_258_118_400_000_000n))],
    }),
  ]),
  SIGNALS,
  SESSION_SIGNALS,
  SIGNAL_ANSWER,
  SHARE_CANCEL,
];
