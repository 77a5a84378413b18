import { Client } from "../../mod.ts";
import type { TokenAnswer, TokenAuthority } from "../../mod.ts";
import { Scopes } from "../../src/auth/scopes.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { BrowserPage, findChromium } from "../support/browser.ts";
import { LocalRouter } from "../support/local_router.ts";
import { ThreeRouters } from "../support/three_routers.ts";

const LOCAL = "127.0.0.1";
/** Where screenshots go; none are made without it. */
const SHOTS = Deno.env.get("STATUS_PAGE_SHOTS");
const SEEN_WITHIN_MS = 1_000;

/** Runs a test with a browser, or says why it does not. */
async function withPage(act: (page: BrowserPage) => Promise<void>): Promise<void> {
  const chromium = findChromium();
  if (chromium === undefined) {
    console.log("skipped: there is no chromium here (apt-get install chromium)");
    return;
  }
  await using page = await BrowserPage.open(chromium);
  await act(page);
}

async function shoot(page: BrowserPage, name: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot(`${SHOTS}/${name}.png`);
}

/** The text of a row of the table of params, or undefined. */
const row = (address: string) =>
  `[...document.querySelectorAll("#params .row:not([hidden])")]` +
  `.find((row) => row.querySelector(".address").textContent === "${address}")?.textContent`;

Deno.test("the status page shows three routers, live params, and a killed leaf in red with the reason", async () => {
  await withPage(async (page) => {
    await using routers = await ThreeRouters.start();
    const atA = await Client.connect(`ws://${LOCAL}:${routers.port("site-a")}`);
    const atB = await Client.connect(`ws://${LOCAL}:${routers.port("site-b")}`);
    for (let i = 0; i < 60; i++) {
      await atA.set(`/site-a/light/${i}`, i / 60);
      await atB.set(`/site-b/layer/${i}`, { name: `layer ${i}`, on: true });
    }
    await page.show(1280, 900, "light");
    const origin = `${LOCAL}:${routers.port("hub")}`;
    await page.goto(`http://${origin}/`);
    await page.until(`document.querySelectorAll("#topology .node.ok").length === 3`);
    assertEquals(await page.evaluate(`document.title`), "hub · clasp-fed");
    await page.until(`document.getElementById("health").textContent === "✓ all well"`);
    await page.until(`${row("/site-a/light/0")} !== undefined`);
    assertStringIncludes(String(await page.evaluate(row("/site-a/light/0"))), "site-a");
    await page.until(`document.querySelectorAll("#topology .edge-label").length === 2`);

    const startMs = performance.now();
    await atA.set("/site-a/light/0", "full");
    await page.until(`(${row("/site-a/light/0")} ?? "").includes('"full"')`);
    const tookMs = performance.now() - startMs;
    assert(tookMs < SEEN_WITHIN_MS, `a SET at site-a was seen after ${tookMs} ms`);

    await page.press("/", 0xbf);
    assertEquals(await page.evaluate("document.activeElement.id"), "filter");
    await page.type("site-b layer 59");
    await page.until(`document.getElementById("params-count").textContent.startsWith("1 of ")`);
    assertStringIncludes(String(await page.evaluate(row("/site-b/layer/59"))), "live");
    await shoot(page, "well-light");

    await routers.kill("site-b");
    await page.until(
      `document.querySelector("#topology .node.bad .name")?.textContent === "site-b"`,
    );
    await page.until(
      `/site-b: Disconnected for .*The connection broke without a goodbye/` +
        `.test(document.querySelector("#problems .bad")?.textContent)`,
    );
    await page.until(`(${row("/site-b/layer/59")} ?? "").includes("link down since")`);
    const color = `getComputedStyle(document.querySelector("#links tr.bad .state")).color`;
    assertEquals(await page.evaluate(color), "rgb(192, 23, 34)");
    await shoot(page, "down-light");
    await page.show(1280, 900, "dark");
    assertEquals(await page.evaluate(color), "rgb(255, 123, 130)");
    await shoot(page, "down-dark");
    await page.show(390, 844, "light");
    await page.until("document.documentElement.scrollWidth <= 390");
    await shoot(page, "down-phone");

    await routers.start("site-b");
    await page.until(`document.getElementById("health").textContent === "✓ all well"`);
    assertEquals(page.complaints, []);
    const hosts = page.requests.filter((url) => !url.startsWith("data:") && url !== "about:blank");
    assertEquals(hosts.filter((url) => new URL(url).host !== origin), []);
    assert(hosts.some((url) => url.startsWith("ws:")), hosts.join());
    await Promise.all([atA.close(), atB.close()]);
  });
});

Deno.test("the status page stays quick with 20,000 params, and shows what strangers wrote as text", async () => {
  await withPage(async (page) => {
    await using router = new LocalRouter({ name: "<b>bold</b>" });
    const writer = await Client.connect(`ws://${LOCAL}:${router.port}`);
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 20_000; i++) writes.push(writer.set(`/big/${i % 100}/${i}`, i));
    await Promise.all(writes);
    await writer.set("/a/<img src=x onerror=alert(1)>", "<script>alert(2)</script>");
    await page.show(1280, 900, "dark");
    await page.goto(`http://${LOCAL}:${router.port}/`);
    await page.until(`document.getElementById("params-count").textContent === "20,001 params"`);
    await page.until(`${row("/a/<img src=x onerror=alert(1)>")} !== undefined`);
    const elements = await page.evaluate(`document.querySelectorAll("#params .row").length`);
    assert(Number(elements) < 100, `${elements} rows are elements`);
    assertEquals(await page.evaluate(`document.querySelectorAll("#params img, b i").length`), 0);
    await page.evaluate(`document.getElementById("params").scrollTop = 1e9`);
    await page.until(`${row("/big/99/9999")} !== undefined`);
    // How long the page is busy with one of many changes.
    const changes: Promise<unknown>[] = [];
    for (let i = 0; i < 2_000; i++) changes.push(writer.set(`/big/${i % 100}/${i}`, -i));
    await Promise.all(changes);
    const worstMs = Number(
      await page.evaluate(`new Promise((resolve) => {
        let worst = 0, last = performance.now(), left = 60;
        const frame = (now) => {
          worst = Math.max(worst, now - last);
          last = now;
          if (--left === 0) resolve(worst); else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      })`),
    );
    assert(worstMs < 1_000, `one frame took ${worstMs} ms`);
    assertEquals(page.complaints, []);
    await writer.close();
  });
});

const TOKEN = "desk_admin";

/** Knows one token. */
const DESK: TokenAuthority = {
  prefix: "desk_",
  authenticate: (token): TokenAnswer =>
    token === TOKEN
      ? {
        kind: "granted",
        grant: {
          identity: token,
          scopes: Scopes.parse(["admin:/**"]),
          expiresAtSeconds: undefined,
        },
      }
      : { kind: "refused", refusal: { code: 300, message: "The token is not known here" } },
};

Deno.test("in authenticated mode the status page asks for a token, and keeps it nowhere", async () => {
  await withPage(async (page) => {
    await using router = new LocalRouter({
      security: { authorities: [DESK] },
      federation: { routerId: "guarded" },
    });
    const writer = await Client.connect(`ws://${LOCAL}:${router.port}`, { token: TOKEN });
    await writer.set("/secret", "shown");
    await page.show(1280, 900, "light");
    await page.goto(`http://${LOCAL}:${router.port}/`);
    await page.until(`document.activeElement?.id === "token"`);
    assertEquals(await page.evaluate(`document.getElementById("main").hidden`), true);
    await shoot(page, "login");
    await page.type("desk_wrong");
    await page.press("Enter", 13);
    await page.evaluate(`document.getElementById("login").requestSubmit()`).catch(() => {});
    await page.until(
      `document.getElementById("login-problem").textContent.includes("is not known here")`,
    );
    await page.evaluate(`document.getElementById("token").focus()`);
    await page.type(TOKEN);
    await page.evaluate(`document.getElementById("login").requestSubmit()`);
    await page.until(`(${row("/secret")} ?? "").includes("shown")`);
    assertEquals(await page.evaluate(`document.getElementById("login").hidden`), true);
    await writer.set("/short", "lived", { ttl: { kind: "absolute", seconds: 3 } });
    await page.until(`(${row("/short")} ?? "").includes("lived")`);
    // Nobody is told of what expires: the page notices that something did.
    await page.until(`${row("/short")} === undefined`);
    const kept = `JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])`;
    assertEquals(await page.evaluate(kept), '[{},{},""]');
    assert(page.requests.every((url) => !url.includes(TOKEN)), page.requests.join());
    // Chromium itself tells of each answer that is no success.
    const others = page.complaints.filter((text) => !/status of 401/.test(text));
    assertEquals(others, []);
    await writer.close();
  });
});
