import { assert, assertEquals } from "../support/assert.ts";
import { type Clasp, PublicClient, SilencedConsole } from "../support/public_client.ts";
import { pollUntil } from "../support/poll_until.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { RawClient } from "../support/raw_client.ts";
import { type RouterName, ThreeRouters } from "../support/three_routers.ts";

const DEADLINE_MS = 10_000;

Deno.test("public clients announce signals, ask for them and signal each other across sites", async (t) => {
  using silenced = new SilencedConsole();
  await using routers = await ThreeRouters.start();
  const connect = (name: RouterName) => PublicClient.connect(routers.port(name), `/${name}`);
  await using a = await connect("site-a");
  await using b = await connect("site-b");
  await using other = await connect("site-b");
  const watcher = await other.on("/**");
  const idOf = ({ clasp }: PublicClient) => {
    const id = clasp.session;
    assert(typeof id === "string");
    return id;
  };

  await t.step("what a client announced at one site, a client at another finds", async () => {
    const fader = { address: "/site-a/fader/1", type: "param", datatype: "f32", access: "rw" };
    const go = { address: "/site-a/go", type: "event" };
    say(a.clasp, { type: "ANNOUNCE", namespace: "/site-a", signals: [fader, go] });
    await pollUntil(
      () => {
        say(b.clasp, { type: "QUERY", pattern: "/site-a/**" });
        return b.clasp.getSignals().length > 0;
      },
      "definitions of site a",
      DEADLINE_MS,
    );
    const found = b.clasp.querySignals("/site-a/fader/*");
    assertEquals(
      found.map(({ address, type, datatype, access }) => [address, type, datatype, access]),
      [
        ["/site-a/fader/1", "param", "f32", "rw"],
      ],
    );
    assertEquals(b.clasp.querySignals("/site-a/*").map(({ type }) => type), ["event"]);
  });

  await t.step("an announce and a signal and its answer pass between the sites", async () => {
    const announced = await b.on("/clasp/p2p/announce");
    const [atA, atB] = [
      await a.on(`/clasp/p2p/signal/${idOf(a)}`),
      await b.on(`/clasp/p2p/signal/${idOf(b)}`),
    ];
    const capable = { session_id: idOf(a), p2p_capable: true, features: ["webrtc"] };
    a.clasp.emit("/clasp/p2p/announce", capable);
    await b.until(() => announced.deliveries.length > 0, "the announce");
    assertEquals(announced.deliveries[0]?.value, capable);
    const offer = { type: "offer", from: idOf(b), sdp: "v=0", correlation_id: "1" };
    b.clasp.emit(`/clasp/p2p/signal/${idOf(a)}`, offer);
    await a.until(() => atA.deliveries.length > 0, "the offer");
    assertEquals(atA.deliveries.map(({ value }) => value), [offer]);
    const answer = { type: "answer", from: idOf(a), sdp: "v=0", correlation_id: "1" };
    a.clasp.emit(`/clasp/p2p/signal/${idOf(b)}`, answer);
    await b.until(() => atB.deliveries.length > 0, "the answer");
    assertEquals(atB.deliveries.map(({ value }) => value), [answer]);
    await other.settle();
    const seen = watcher.deliveries.map(({ address }) => address);
    assertEquals(seen.filter((address) => address.startsWith("/clasp/p2p/signal")), []);
  });

  await t.step("nobody signals in another's name, or to nobody, unnoticed", async () => {
    const refused = async (address: string, from: string, code: number) => {
      b.clasp.clearError();
      b.clasp.emit(address, { type: "offer", from, sdp: "", correlation_id: "2" });
      await pollUntil(() => b.clasp.getLastError() !== null, "an error", DEADLINE_MS);
      assertEquals(b.clasp.getLastError()?.code, code);
    };
    await refused(`/clasp/p2p/signal/${idOf(a)}`, idOf(other), 403);
    await refused("/clasp/p2p/signal/nobody", idOf(b), 404);
    assert(silenced.errors.some((error) => error.includes("Target session not found")));
  });

  await t.step("a signal to a client that has left is refused", async () => {
    const gone = await connect("site-a");
    const [id, listener] = [idOf(gone), await b.on("/clasp/p2p/announce")];
    gone.clasp.emit("/clasp/p2p/announce", { session_id: id });
    await b.until(() => listener.deliveries.length > 0, "the announce");
    await gone[Symbol.asyncDispose]();
    await using raw = await RawClient.connect(routers.port("site-b"));
    const address = `/clasp/p2p/signal/${id}`;
    const value = encodeValue({ type: "offer" });
    const codes: number[] = [];
    // Its router may not know yet that it left.
    await pollAnswers(async () => {
      const answer = await raw.ask({ type: "PUBLISH", address, signal: 1, phase: 0, value });
      codes.push(answer.type === "ERROR" ? answer.code : 0);
      return codes.at(-1) !== 0;
    });
    assertEquals(codes.at(-1), 404);
  });
});

/** The public client has no method for these messages, but writes and reads them. */
function say(clasp: Clasp, message: Readonly<Record<string, unknown>>): void {
  const send: unknown = Reflect.get(clasp, "send");
  assert(typeof send === "function");
  send.call(clasp, message);
}

async function pollAnswers(isDone: () => Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!await isDone()) {
    assert(performance.now() - start < DEADLINE_MS, "no refusal");
  }
}
