import { held } from "../federation_setup.ts";
import { Story } from "./story.ts";

/** A complaint, and what happens here instead. */
export interface Complaint {
  /** Also the name of the transcript. */
  readonly name: string;
  /** As people put it. */
  readonly complaint: string;
  readonly tell: () => Story;
}

const HUB = { id: "hub" };
const SITE_A = { id: "site-a", hubs: ["hub"], namespaces: ["/site-a/**"] };
const SITE_B = { id: "site-b", hubs: ["hub"], namespaces: ["/site-b/**"] };
const HOUR_MS = 3_600_000;
const MANY = 300;
const GONE = "gone r1 of site-a";

/** What people complain about in federations of other makes. */
export const STORIES: readonly Complaint[] = [
  {
    name: "old-session-still-there",
    complaint: "The site cannot reconnect: the hub says its old session is still there",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      story.tell("the connection of site-a breaks; site-a notices, the hub is never told");
      story.breakLink("site-a", "hub", { leaf: 0 });
      story.pass(1);
      story.see("the hub still shows site-a", story.state("hub", "site-a"), "Active");
      const tookMs = story.await(
        "the link to be back",
        () =>
          story.state("site-a", "hub") === "Active" && story.state("hub", "site-a") === "Active",
      );
      story.seeAtMost("site-a is back, on a new connection, within", tookMs, 1_000, "ms");
      story.see("connections between the two", connections(story, "site-a", "hub"), 1);
      story.set("site-b", "/site-a/fader");
      story.seeAgreed("/site-a/fader", "site-b-client:1 r1 of site-a");
      return story;
    },
  },
  {
    name: "false-loop-after-fast-reconnect",
    complaint: "After a fast reconnect the routers see a loop where there is none, and stay apart",
    tell: () => {
      const story = new Story([HUB, SITE_A]);
      for (let count = 1; count <= 5; count++) {
        story.breakLink("site-a", "hub", count % 2 === 0 ? { leaf: 0 } : { leaf: 0, hub: 300 });
        story.tell(`cut number ${count}`);
        story.await(
          "both ends to be Active on a new connection",
          () =>
            story.world.network.connections("site-a", "hub").some((it) =>
              it.cutAtMicros === undefined
            ) &&
            story.state("site-a", "hub") === "Active" && story.state("hub", "site-a") === "Active",
        );
      }
      story.tell("site-a crashes and is back at once, the hub was told nothing");
      story.world.crash("site-a", undefined);
      story.world.router("site-a").start();
      story.await("site-a to be back", () => story.state("site-a", "hub") === "Active");
      story.await("its client to be back", () => story.client("site-a").isConnected);
      const trace = story.world.trace.text;
      story.see("times anybody said ring", trace.split("ring:").length - 1, 0);
      story.set("site-a", "/site-a/fader");
      story.seeAgreed("/site-a/fader", "site-a-client:1 r1 of site-a");
      return story;
    },
  },
  {
    name: "expired-while-down",
    complaint: "What expired while a site was away comes back with the site",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      story.tell("a value with a TTL of 5 s, which all have");
      story.client("site-a").set("/site-a/cue", { ttl: { kind: "absolute", seconds: 5 } });
      story.pass(100);
      story.seeAgreed("/site-a/cue", "site-a-client:1 r1 of site-a");
      story.tell("site-b is cut off; its process stops with all that it knows");
      story.breakLink("site-b", "hub", { leaf: 0, hub: 0 });
      story.world.network.stall("site-b", "hub");
      story.world.network.stall("hub", "site-b");
      const disk = story.world.router("site-b").copyOfStore();
      story.world.crash("site-b", 500);
      story.pass(60_000);
      story.see("the hub holds /site-a/cue", held(story.world, "hub", "/site-a/cue"), GONE);
      story.tell("site-b starts with what it knew, before it has a way to the hub");
      story.world.router("site-b").disk = disk;
      story.world.router("site-b").start();
      story.pass(1_000);
      story.tell("the way is free again");
      story.world.network.heal();
      story.await("site-b to be back", () => story.state("site-b", "hub") === "Active");
      story.pass(2_000);
      story.seeAgreed("/site-a/cue", GONE);
      const told = story.client("site-a").updates.filter(({ address }) =>
        address === "/site-a/cue"
      );
      story.see("times the client at site-a was told of it since", told.length, 1);
      story.await("the client to be back", () => story.client("site-b").isConnected);
      story.set("site-b", "/site-a/cue");
      // Above what was seen before.
      story.seeAgreed("/site-a/cue", "site-b-client:1 r2 of site-a");
      return story;
    },
  },
  {
    name: "values-echoed-after-reconnect",
    complaint: "After each reconnect hundreds of values come back to the site that sent them",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      for (let index = 1; index <= MANY; index++) story.client("site-a").set(`/site-a/${index}`);
      story.pass(1_000);
      story.see(
        "site-b holds",
        story.world.router("site-b").params().size >= MANY ? `all ${MANY}` : "less",
        `all ${MANY}`,
      );
      const back = story.count("hub", "site-a", "SET");
      const there = story.count("site-a", "hub", "SET");
      story.tell("the link of site-a is cut and comes back");
      story.breakLink("site-a", "hub", { leaf: 0, hub: 0 });
      story.pass(5);
      story.await("site-a to be back", () => story.state("site-a", "hub") === "Active");
      story.pass(5_000);
      story.see("values of /site-a/** sent to site-a", back(), 0);
      story.see("values of /site-a/** sent to the hub", there(), 0);
      return story;
    },
  },
  {
    name: "peer-reads-nothing-for-an-hour",
    complaint: "One peer that reads nothing takes the hub down with it",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      const panel = story.world.addClient({
        name: "panel",
        router: "hub",
        subscriptions: ["/**"],
      });
      panel.connect();
      story.pass(100);
      story.tell("a panel at the hub stops to read, and so does site-b, for an hour");
      story.world.network.stall("hub", "panel");
      story.world.network.stall("hub", "site-b");
      let written = 0;
      let accepted = 0;
      for (let minute = 0; minute < 60; minute++) {
        for (let index = 0; index < 20; index++) {
          const write = story.client("site-a").set(`/site-a/${index}`);
          written++;
          story.pass(50);
          if (write.answers[0]?.kind === "accepted") accepted++;
        }
        story.pass(59_000);
      }
      story.see(
        "writes at site-a meanwhile that were accepted",
        `${accepted} of ${written}`,
        `${written} of ${written}`,
      );
      story.see("the hub shows site-b", story.state("hub", "site-b"), "none");
      story.see("the hub shows site-a", story.state("hub", "site-a"), "Active");
      story.tell("both read again");
      story.world.network.heal();
      story.await("site-b to be back", () => story.state("site-b", "hub") === "Active");
      story.pass(5_000);
      const newest = held(story.world, "site-a", "/site-a/0");
      story.seeAgreed("/site-a/0", newest);
      const last = panel.updates.findLast(({ address }) => address === "/site-a/0");
      story.see("the panel was told last of /site-a/0 as revision", last?.revision ?? 0, 60);
      return story;
    },
  },
  {
    name: "link-up-but-nothing-flows",
    complaint: "The link is shown as up for minutes, and nothing gets through",
    tell: () => {
      const story = new Story([HUB, SITE_A]);
      story.tell("what site-a sends does not arrive any more; nobody is told");
      story.world.network.stall("site-a", "hub");
      const tookMs = story.await(
        "both ends to show it",
        () =>
          story.state("site-a", "hub") !== "Active" && story.state("hub", "site-a") !== "Active",
      );
      story.seeAtMost("neither end shows it as Active any more after", tookMs, 10_000, "ms");
      story.set("site-a", "/site-a/fader");
      story.tell("the way is free again");
      story.world.network.heal();
      story.await(
        "the link to be back",
        () =>
          story.state("site-a", "hub") === "Active" && story.state("hub", "site-a") === "Active",
      );
      story.seeAgreed("/site-a/fader", "site-a-client:1 r1 of site-a");
      return story;
    },
  },
  {
    name: "stale-value-after-restart",
    complaint: "A router restarts, and an old value wins over what was set meanwhile",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      story.set("site-a", "/site-a/fader");
      story.tell("site-a goes down; site-b sets its fader meanwhile: the hub takes care of it");
      story.world.crash("site-a", 500);
      story.pass(500);
      story.set("site-b", "/site-a/fader");
      story.tell("the hub restarts empty, with a clock that is five hours slow");
      story.world.router("hub").clockOffsetMicros = -5 * HOUR_MS * 1_000;
      story.world.crash("hub", 500);
      story.pass(10);
      story.world.router("hub").start();
      story.await("site-b to be back", () => story.state("site-b", "hub") === "Active");
      story.tell("site-a is back as well, empty");
      story.world.router("site-a").start();
      story.await("site-a to be back", () => story.state("site-a", "hub") === "Active");
      story.pass(1_000);
      story.seeAgreed("/site-a/fader", "site-b-client:1 r2 of hub");
      story.await("the client to be back", () => story.client("site-a").isConnected);
      story.set("site-a", "/site-a/fader");
      story.seeAgreed("/site-a/fader", "site-a-client:2 r3 of site-a");
      return story;
    },
  },
  {
    name: "owner-restarted-empty",
    complaint:
      "The owner restarts empty, its clients write at once, and the rest is lost or goes back",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      story.set("site-a", "/site-a/one");
      story.set("site-a", "/site-a/two");
      story.set("site-a", "/site-a/two");
      story.tell("site-a restarts empty; its client writes before it has heard from the hub");
      story.world.network.stall("hub", "site-a");
      story.world.crash("site-a", 500);
      story.pass(10);
      story.world.router("site-a").start();
      story.await("the client to be back", () => story.client("site-a").isConnected);
      story.set("site-a", "/site-a/two");
      story.world.network.heal();
      story.await("site-a to be back", () => story.state("site-a", "hub") === "Active");
      story.pass(1_000);
      story.seeAgreed("/site-a/one", "site-a-client:1 r1 of site-a");
      // Above what was seen before, so that nobody sees a revision go backwards.
      story.seeAgreed("/site-a/two", "site-a-client:4 r3 of site-a");
      return story;
    },
  },
  {
    name: "hub-and-owner-restarted-empty",
    complaint: "Hub and owner restart empty, and the third site's values are wiped with them",
    tell: () => {
      const story = new Story([HUB, SITE_A, SITE_B]);
      story.set("site-a", "/site-a/fader");
      story.set("hub", "/show/name");
      story.tell("a power cut at the hub and at site-a; site-b keeps what it has");
      story.world.crash("hub", 500);
      story.world.crash("site-a", 500);
      story.pass(2_000);
      story.world.router("hub").start();
      story.world.router("site-a").start();
      story.await(
        "all to be back",
        () => ["site-a", "site-b"].every((site) => story.state(site, "hub") === "Active"),
      );
      story.pass(1_000);
      story.seeAgreed("/site-a/fader", "site-a-client:1 r1 of site-a");
      story.seeAgreed("/show/name", "hub-client:1 r1 of hub");
      return story;
    },
  },
];

function connections(story: Story, leaf: string, hub: string): number {
  return story.world.network.connections(leaf, hub).filter((it) => it.cutAtMicros === undefined)
    .length;
}
