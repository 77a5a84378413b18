import { assertEquals, assertMatch } from "../support/assert.ts";
import { CertificateDirectory } from "../support/certificate_directory.ts";
import { PublicClient, SilencedConsole, type Subscribed } from "../support/public_client.ts";
import { SecureSockets } from "../support/secure_sockets.ts";
import { type RouterName, ThreeRouters } from "../support/three_routers.ts";
import { TEST_AUTHORITY_CERT } from "./websocket_certificates.ts";

const VALUES = [0.5, -1, "", "grün", true, false, null, [1, "two", null], { a: { b: [] } }];

type Sites = Readonly<Record<RouterName, PublicClient>>;

Deno.test("the public client works at each router of a federation and across them", async (t) => {
  await using routers = await ThreeRouters.start();
  await playEverything(t, routers);
});

Deno.test("the public client works across a federation over wss with a private authority", async (t) => {
  await using certificates = await CertificateDirectory.make();
  using _sockets = new SecureSockets([TEST_AUTHORITY_CERT]);
  await using routers = await ThreeRouters.start(certificates);
  await playEverything(t, routers);
});

async function playEverything(t: Deno.TestContext, routers: ThreeRouters): Promise<void> {
  using silenced = new SilencedConsole();
  const connect = (name: RouterName) => PublicClient.connect(routers.port(name), `/${name}`);
  await using hub = await connect("hub");
  await using a = await connect("site-a");
  await using b = await connect("site-b");
  const sites: Sites = { hub, "site-a": a, "site-b": b };
  const all = [hub, a, b];

  await t.step("set reaches everyone who is on, whoever writes and whoever owns", async () => {
    const subscribed = await everywhere(all, "/*/set/**");
    const expected: string[] = [];
    for (const writer of Object.keys(sites) as RouterName[]) {
      for (const owner of Object.keys(sites)) {
        sites[writer].clasp.set(`/${owner}/set/${writer}`, { by: writer });
        expected.push(`/${owner}/set/${writer} ${JSON.stringify({ by: writer })}`);
      }
    }
    await receiveAlike(all, subscribed, expected);
  });

  await t.step("values come as they were", async () => {
    const subscribed = await everywhere(all, "/site-a/values/*");
    VALUES.forEach((value, index) => b.clasp.set(`/site-a/values/${index}`, value));
    await receiveAlike(
      all,
      subscribed,
      VALUES.map((value, index) => `/site-a/values/${index} ${JSON.stringify(value)}`),
    );
  });

  await t.step("emit reaches everyone else, once", async () => {
    const subscribed = await everywhere(all, "/site-a/cue/*");
    a.clasp.emit("/site-a/cue/1", { go: 1 });
    b.clasp.emit("/site-a/cue/2", "go");
    hub.clasp.emit("/site-a/cue/3");
    const one = '/site-a/cue/1 {"go":1}';
    const two = '/site-a/cue/2 "go"';
    const three = "/site-a/cue/3 null";
    await receiveAlike([hub], subscribed.slice(0, 1), [one, two]);
    await receiveAlike([a], subscribed.slice(1, 2), [two, three]);
    await receiveAlike([b], subscribed.slice(2), [one, three]);
  });

  await t.step("stream arrives in order", async () => {
    const { deliveries } = await b.on("/site-a/level");
    const samples = Array.from({ length: 200 }, (_, index) => index / 10);
    for (const sample of samples) a.clasp.stream("/site-a/level", sample);
    await b.until(() => deliveries.length >= samples.length, "all samples");
    assertEquals(deliveries.map(({ value }) => value), samples);
  });

  await t.step("gesture keeps id, phase and payload", async () => {
    const { deliveries } = await a.on("/site-b/touch/**");
    b.clasp.gesture("/site-b/touch/1", 7, "start", { x: 1 });
    b.clasp.gesture("/site-b/touch/1", 7, "move", { x: 2 });
    b.clasp.gesture("/site-b/touch/1", 7, "end", { x: 3 });
    b.clasp.gesture("/site-b/touch/1", 8, "cancel");
    await a.until(() => deliveries.length >= 4, "the gesture");
    assertEquals(deliveries.map(({ value }) => value), [
      { x: 1, phase: "start", gestureId: 7 },
      { x: 2, phase: "move", gestureId: 7 },
      { x: 3, phase: "end", gestureId: 7 },
      { phase: "cancel", gestureId: 8 },
    ]);
  });

  await t.step("bundle of an owner's params and an event", async () => {
    const subscribed = await everywhere([hub, b], "/site-a/bundle/**");
    a.clasp.bundle([
      { set: ["/site-a/bundle/1", 1] },
      { set: ["/site-a/bundle/2", 2] },
      { emit: ["/site-a/bundle/done", "now"] },
    ]);
    await receiveAlike([hub, b], subscribed, [
      "/site-a/bundle/1 1",
      "/site-a/bundle/2 2",
      '/site-a/bundle/done "now"',
    ]);
  });

  await t.step("get asks this site's router, for what any site owns", async () => {
    await b.until(() => b.clasp.cached("/site-a/bundle/1") !== undefined, "the value");
    await using late = await connect("site-b");
    assertEquals(await late.clasp.get("/site-a/bundle/1"), 1);
    assertEquals(await late.clasp.get("/hub/set/site-a"), { by: "site-a" });
  });

  await t.step("a late joiner gets what was set before", async () => {
    for (const name of Object.keys(sites) as RouterName[]) {
      await using late = await connect(name);
      const { deliveries } = await late.on("/site-a/values/*");
      await late.until(() => deliveries.length >= VALUES.length, "the snapshot");
      await late.settle();
      // The snapshot of HELLO may come after this client has subscribed: each value once or twice.
      const values = new Map(deliveries.map(({ address, value }) => [address, value]));
      const expected = VALUES.map((value, index) => [`/site-a/values/${index}`, value] as const);
      assertEquals(values, new Map<string, unknown>(expected));
    }
  });

  await t.step("unsubscribe ends what the router sends", async () => {
    const { deliveries, unsubscribe } = await b.on("/site-a/fader");
    const witness = await hub.on("/site-a/fader");
    a.clasp.set("/site-a/fader", 1);
    await b.until(() => deliveries.length === 1, "the first value");
    unsubscribe();
    await b.settle();
    a.clasp.set("/site-a/fader", 2);
    await hub.until(() => witness.deliveries.length === 2, "the second value, elsewhere");
    // Takes the same way as the update would have taken, behind it.
    const marker = await b.on("/site-a/marker");
    a.clasp.set("/site-a/marker", true);
    await b.until(() => marker.deliveries.length === 1, "the marker");
    assertEquals(deliveries.length, 1);
    assertEquals(b.clasp.cached("/site-a/fader"), 1);
  });

  await t.step("a refused write is told and changes nothing", async () => {
    assertEquals(silenced.errors, []);
    b.clasp.set("/clasp/federation/x", 1);
    await b.settle();
    assertEquals(b.clasp.getLastError()?.code, 403);
    assertMatch(silenced.errors.join(), /^CLASP error 403: Cannot write/);
  });
}

async function everywhere(
  clients: readonly PublicClient[],
  pattern: string,
): Promise<readonly Subscribed[]> {
  return await Promise.all(clients.map((client) => client.on(pattern)));
}

/** All clients get exactly these, "address value", in whatever order between owners. */
async function receiveAlike(
  clients: readonly PublicClient[],
  subscribed: readonly Subscribed[],
  expected: readonly string[],
): Promise<void> {
  for (const [index, client] of clients.entries()) {
    const { deliveries, unsubscribe } = subscribed[index] ?? { deliveries: [], unsubscribe() {} };
    await client.until(() => deliveries.length >= expected.length, `${expected.length} deliveries`);
    await client.settle();
    const got = deliveries.map(({ address, value }) => `${address} ${JSON.stringify(value)}`);
    assertEquals(got.toSorted(), expected.toSorted());
    unsubscribe();
  }
}
