import parsePrometheus from "npm:parse-prometheus-text-format@1.1.1";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { PHASE, SIGNAL } from "../../src/wire/message.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";

const DEADLINE_MS = 10_000;

interface Family {
  readonly name: string;
  readonly metrics: readonly { value?: string; labels?: Readonly<Record<string, string>> }[];
}

/** What a public parser reads of `/metrics`: values by name and labels. */
async function scrape(port: number): Promise<Map<string, number>> {
  const families: readonly Family[] = parsePrometheus(await metricsText(port));
  const values = new Map<string, number>();
  for (const { name, metrics } of families) {
    for (const { value, labels = {} } of metrics) {
      const label = Object.entries(labels).map(([key, text]) => `${key}=${text}`).join(",");
      values.set(label === "" ? name : `${name}{${label}}`, Number(value));
    }
  }
  return values;
}

async function metricsText(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assertEquals(
    response.headers.get("content-type"),
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  return await response.text();
}

Deno.test("/metrics counts what was sent, delivered and refused", async () => {
  await using router = new LocalRouter({ maxParams: 1_000 });
  await using writer = await RawClient.connect(router.port, "writer");
  await using reader = await RawClient.connect(router.port, "reader");
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  await reader.until(() => reader.all("ACK").length === 1, "the subscription");
  const before = await scrape(router.port);
  for (let i = 0; i < 100; i++) {
    writer.send({ type: "SET", address: `/light/${i % 10}`, value: encodeValue(i) });
  }
  for (let i = 0; i < 5; i++) {
    writer.send({
      type: "PUBLISH",
      address: "/cue",
      signal: SIGNAL.event,
      phase: PHASE.start,
      value: encodeValue(i),
    });
  }
  for (let i = 0; i < 3; i++) {
    writer.send({ type: "SET", address: "/clasp/federation/x", value: encodeValue(i) });
  }
  writer.send({ type: "GET", address: "/unknown" });
  await writer.until(
    () => writer.all("ACK").length === 105 && writer.all("ERROR").length === 4,
    "all answers",
    DEADLINE_MS,
  );
  await reader.until(() => reader.all("PUBLISH").length === 5, "all events", DEADLINE_MS);
  const after = await scrape(router.port);
  const grown = (name: string) => (after.get(name) ?? NaN) - (before.get(name) ?? 0);
  assertEquals(grown("clasp_messages_total{direction=in}"), 109);
  assertEquals(grown("clasp_param_changes_total"), 100);
  assertEquals(grown("clasp_publications_total"), 5);
  assertEquals(grown("clasp_deliveries_total{kind=param}"), 100);
  assertEquals(grown("clasp_deliveries_total{kind=event}"), 5);
  assertEquals(grown("clasp_refused_total{code=403}"), 3);
  assertEquals(grown("clasp_refused_total{code=201}"), 1);
  assertEquals(after.get("clasp_sessions"), 2);
  assertEquals(after.get("clasp_subscriptions"), 1);
  assertEquals([after.get("clasp_params"), after.get("clasp_params_limit")], [10, 1_000]);
  const bytes = [...writer.frames, ...reader.frames].reduce(
    (sum, frame) => sum + frame.bytes.length,
    0,
  );
  assertEquals(after.get("clasp_message_bytes_total{direction=out}"), bytes);
});

Deno.test("/metrics keeps the counts of connections that are gone", async () => {
  await using router = new LocalRouter();
  {
    await using client = await RawClient.connect(router.port);
    for (let i = 0; i < 10; i++) {
      client.send({ type: "SET", address: "/a", value: encodeValue(i) });
    }
    await client.until(() => client.all("ACK").length === 10, "all ACKs", DEADLINE_MS);
  }
  await pollUntil(() => router.router.connectionCount === 0, "the end", DEADLINE_MS);
  const values = await scrape(router.port);
  assertEquals(values.get("clasp_messages_total{direction=in}"), 11);
  assertEquals(values.get("clasp_sessions"), 0);
});

Deno.test("/metrics shows links by state, and what passed on them", async () => {
  await using hub = new LocalRouter({ federation: { routerId: "hub" } });
  await using leaf = new LocalRouter({
    federation: {
      // What a label has to escape.
      routerId: 'site "a" \\',
      mode: { type: "leaf", hubEndpoint: `ws://127.0.0.1:${hub.port}` },
      ownedNamespaces: ["/site-a/**"],
    },
  });
  const { federation } = leaf.router;
  await pollUntil(() => federation?.uplinkState === "Active", "the link", DEADLINE_MS);
  await pollUntil(() => hub.router.federation?.activePeers().length === 1, "the leaf", DEADLINE_MS);
  await using writer = await RawClient.connect(leaf.port);
  for (let i = 0; i < 50; i++) {
    writer.send({ type: "SET", address: `/site-a/${i}`, value: encodeValue(i) });
  }
  await pollUntil(() => hub.router.paramCount >= 50, "all params at the hub", DEADLINE_MS);
  const atHub = await scrape(hub.port);
  assertEquals(atHub.get("clasp_links{role=leaf,state=Active}"), 1);
  assertEquals(atHub.get("clasp_links{role=leaf,state=Failed}"), 0);
  const link = 'peer=site "a" \\,role=leaf';
  assertEquals(atHub.get(`clasp_link_up{${link}}`), 1);
  assertEquals(atHub.get(`clasp_link_updates_total{${link},direction=in}`), 50);
  assert((atHub.get(`clasp_link_round_trip_seconds{${link}}`) ?? 1) < 1);
  const atLeaf = await scrape(leaf.port);
  assertEquals(atLeaf.get("clasp_link_updates_total{peer=hub,role=hub,direction=out}"), 50);
  assertEquals(atLeaf.get("clasp_claims{live=true}"), 1);
});

const CHECK = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
print(sum(len(family.samples) for family in families))
`;

Deno.test("the reference parser of OpenMetrics accepts /metrics", async () => {
  const python = async (script: string, input: string): Promise<Deno.CommandOutput> => {
    const child = new Deno.Command("python3", {
      args: ["-c", script],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
    return await child.output();
  };
  const isThere = await python("import prometheus_client", "").then(({ success }) => success)
    .catch(() => false);
  if (!isThere) {
    console.log(
      "skipped: python3 with prometheus_client is not here (pip install prometheus_client)",
    );
    return;
  }
  await using router = new LocalRouter({ name: 'a\n"b"\\', federation: { routerId: "hub" } });
  const text = await metricsText(router.port);
  const { success, stdout, stderr } = await python(CHECK, text);
  assert(success, new TextDecoder().decode(stderr));
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assertEquals(Number(new TextDecoder().decode(stdout)), lines.length);
  assertStringIncludes(text, '\\n\\"b\\"\\\\');
});
