import { OriginPolicy } from "../../../src/edge/origin_policy.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";

const HOST = "10.0.0.5:7330";

function mayConnect(origins: readonly string[], policy: OriginPolicy, host = HOST): string[] {
  return origins.filter((origin) => policy.problem(origin, host) === undefined);
}

Deno.test("by default pages of this machine and the local network may connect, and apps", () => {
  const local = [
    ...["http://localhost:8080", "https://localhost", "http://127.0.0.1:3000", "http://[::1]:8080"],
    ...["http://10.1.2.3", "http://172.16.0.1", "http://172.31.9.9", "http://192.168.1.20:8000"],
    ...["http://169.254.3.4", "http://[fe80::1]", "http://[fd12:3456::1]:80", "http://foh-server"],
    ...["http://desk.local", "https://router.lan", "http://a.b.home.arpa", "http://x.internal."],
    ...["file://", "tauri://localhost", "chrome-extension://abcdef", "app://panel"],
  ];
  assertEquals(mayConnect(local, new OriginPolicy()), local);
});

Deno.test("by default no page of the internet may connect", () => {
  const foreign = [
    ...[
      "https://evil.example",
      "http://evil.example:7330",
      "http://8.8.8.8",
      "http://[2001:db8::1]",
    ],
    ...[
      "http://172.32.0.1",
      "http://11.0.0.1",
      "http://127.0.0.1.evil.example",
      "http://10.evil.com",
    ],
    ...["http://localhost.evil.example", "http://evil.localish", "http://evil-local.com"],
    ...["null", "", "nonsense", "http://a@localhost", "http://localhost, http://evil.example"],
    ...["http://localhost/path", "http://"],
  ];
  assertEquals(mayConnect(foreign, new OriginPolicy()), []);
});

Deno.test("a page of the router's own address may connect, one of its public name may not", () => {
  const policy = new OriginPolicy();
  assertEquals(policy.problem("http://203.0.113.5:8080", "203.0.113.5:7330"), undefined);
  assertEquals(policy.problem("http://[2001:db8::1]", "[2001:db8::1]:7330"), undefined);
  // An attacker's name server can point their name to the router of whoever looks at their page.
  assert(policy.problem("http://evil.example:7330", "evil.example:7330") !== undefined);
  assert(policy.problem("http://203.0.113.5", null) !== undefined);
});

Deno.test("with origins named only those may connect, and local ones where local is named", () => {
  const policy = new OriginPolicy(["https://Panel.Example:443", "null", "APP://panel"]);
  const tried = ["https://panel.example", "https://panel.example:444", "http://panel.example"];
  const more = ["null", "app://panel", "http://localhost", "https://x.panel.example"];
  assertEquals(mayConnect([...tried, ...more], policy), [
    "https://panel.example",
    "null",
    "app://panel",
  ]);
  assertEquals(
    mayConnect(
      ["http://localhost", "https://a.example", "null"],
      new OriginPolicy([
        "local",
        "https://a.example",
      ]),
    ),
    ["http://localhost", "https://a.example"],
  );
});

Deno.test("* lets everyone in, and what sends no origin always may connect", () => {
  const all = ["https://evil.example", "null", "nonsense"];
  assertEquals(mayConnect(all, new OriginPolicy(["*"])), all);
  assertEquals(new OriginPolicy([]).problem(null, HOST), undefined);
});

Deno.test("a refusal says what would allow it, and repeats no endless header", () => {
  const problem = new OriginPolicy().problem("https://Evil.Example", HOST);
  assertStringIncludes(problem ?? "", "--allow-origin https://evil.example to allow");
  const endless = new OriginPolicy().problem(`x${"\n".repeat(10_000)}`, HOST) ?? "";
  assert(endless.length < 700 && !endless.includes("\n"));
});

Deno.test("what is no origin cannot be allowed", () => {
  for (const text of ["panel.example", "https://panel.example/", "https://a/b", "", "all"]) {
    assertStringIncludes(
      assertThrows(() => new OriginPolicy([text]), TypeError).message,
      `"${text}"`,
    );
  }
});
