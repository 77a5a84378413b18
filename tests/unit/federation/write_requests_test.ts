import { PENDING_WRITES_MAX } from "../../../src/limits.ts";
import { WriteRequests } from "../../../src/federation/write_requests.ts";
import type { WriteAnswer } from "../../../src/router/federation_hook.ts";
import type { SetMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

type Identity = Parameters<WriteRequests<string>["has"]>[0];

function setUp(): {
  readonly requests: WriteRequests<string>;
  readonly answers: string[];
  add(id: Identity, link: string, deadlineMicros: number): string | undefined;
} {
  const requests = new WriteRequests<string>();
  const answers: string[] = [];
  return {
    requests,
    answers,
    add: (id, link, deadlineMicros) =>
      requests.add(id, {
        address: `/${id.requestId}`,
        set: setOf(id),
        holder: "",
        link,
        deadlineMicros,
        requester: undefined,
        answered: (answer) => answers.push(`/${id.requestId} ${codeOf(answer)}`),
      }),
  };
}

Deno.test("WriteRequests tells requests apart by origin, boot id and request id", () => {
  const { requests, add } = setUp();
  const base: Identity = { origin: "a", bootId: 1, requestId: 1 };
  add(base, "link", 10);
  assertEquals(
    [base, { ...base, origin: "b" }, { ...base, bootId: 2 }, { ...base, requestId: 2 }].map((id) =>
      requests.has(id, setOf(base))
    ),
    [true, false, false, false],
  );
});

Deno.test("WriteRequests gives a request back once, to the link it was sent on", () => {
  const { requests, add, answers } = setUp();
  add(id(1), "link", 10);
  assertEquals(requests.takeFrom("other", id(1)), undefined);
  assertEquals(requests.takeFrom("link", id(1))?.address, "/1");
  assertEquals(requests.takeFrom("link", id(1)), undefined);
  requests.expire(1_000);
  assertEquals([requests.size, answers], [0, []]);
});

Deno.test("WriteRequests answers 502 for those on a lost link, and for those whose time is up", () => {
  const { requests, add, answers } = setUp();
  add(id(1), "lost", 100);
  add(id(2), "link", 100);
  add(id(3), "link", 200);
  requests.linkLost("lost", "cut");
  assertEquals(answers, ["/1 502"]);
  requests.expire(99);
  assertEquals(answers.length, 1);
  requests.expire(100);
  requests.linkLost("lost", "cut");
  assertEquals(answers, ["/1 502", "/2 502"]);
  assertEquals(requests.size, 1);
});

Deno.test("WriteRequests keeps a bounded number", () => {
  const { add } = setUp();
  for (let n = 0; n < PENDING_WRITES_MAX; n++) add(id(n), "link", 1);
  assertEquals(add(id(PENDING_WRITES_MAX), "link", 1), "full");
});

function id(requestId: number): Identity {
  return { origin: "a", bootId: 1, requestId };
}

function codeOf(answer: WriteAnswer): number | undefined {
  return answer.kind === "refused" ? answer.refusal.code : undefined;
}

Deno.test("WriteRequests knows a request again by what it asks for, and takes no other in its place", () => {
  const { requests, add } = setUp();
  const id: Identity = { origin: "a", bootId: 1, requestId: 1 };
  assertEquals(add(id, "link", 10), undefined);
  assertEquals(requests.has(id, setOf(id)), true);
  assertEquals(requests.has(id, { ...setOf(id), address: "/2" }), false);
  assertEquals(requests.has(id, { ...setOf(id), value: encodeValue(2) }), false);
  assertEquals(add(id, "other", 10), "isTaken");
  assertEquals(requests.takeFrom("link", id)?.address, "/1");
});

function setOf({ requestId }: Identity): SetMessage {
  return { type: "SET", address: `/${requestId}`, value: encodeValue(1) };
}
