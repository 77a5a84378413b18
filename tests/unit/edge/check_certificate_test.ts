import { checkAuthorities } from "../../../src/edge/check_authorities.ts";
import { checkCertificate } from "../../../src/edge/check_certificate.ts";
import { TlsError } from "../../../src/edge/tls_error.ts";
import {
  EXPIRED_SERVER_CERT,
  EXPIRED_SERVER_KEY,
  OTHER_AUTHORITY_CERT,
  RENEWED_SERVER_KEY,
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "../../edge/websocket_certificates.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const NOW_MS = Date.UTC(2027, 0, 1);

Deno.test("checkCertificate() takes a certificate with its key, and says what it is of", () => {
  const chain = `subject=x\n${TEST_SERVER_CERT}\n${TEST_AUTHORITY_CERT}`;
  assertEquals(checkCertificate({ cert: chain, key: TEST_SERVER_KEY }, NOW_MS), {
    subject: '"CN=clasp-fed test server"',
    validFromMs: Date.UTC(2026, 10, 22, 10, 54, 21),
    validToMs: Date.UTC(2126, 9, 29, 10, 54, 21),
  });
  // One that is not valid yet: the clock may be wrong.
  checkCertificate({ cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY }, 0);
});

Deno.test("checkCertificate() refuses a certificate from the moment on when it expires", () => {
  const old = { cert: EXPIRED_SERVER_CERT, key: EXPIRED_SERVER_KEY };
  const endMs = Date.UTC(2021, 0, 1);
  checkCertificate(old, endMs - 1);
  assertThrows(() => checkCertificate(old, endMs), TlsError, "it expired at 2021-01-01T00:00:00");
});

Deno.test("checkCertificate() refuses a key that is not the first certificate's", () => {
  const swapped = `${TEST_AUTHORITY_CERT}\n${TEST_SERVER_CERT}`;
  for (
    const [cert, key] of [[TEST_SERVER_CERT, RENEWED_SERVER_KEY], [
      swapped,
      TEST_SERVER_KEY,
    ]] as const
  ) {
    assertThrows(() => checkCertificate({ cert, key }, NOW_MS), TlsError, "belongs to another one");
  }
});

Deno.test("checkAuthorities() gives each certificate back by itself", () => {
  const text = `# ours\n${TEST_AUTHORITY_CERT}\n${TEST_SERVER_KEY}${OTHER_AUTHORITY_CERT}`;
  assertEquals(
    checkAuthorities(text),
    [TEST_AUTHORITY_CERT.trim(), OTHER_AUTHORITY_CERT.trim()],
  );
  const cases = [
    ["", "there is no certificate"],
    [TEST_SERVER_KEY, "there is no certificate"],
    [TEST_AUTHORITY_CERT + OTHER_AUTHORITY_CERT.replace(/M..../, "AAAAA"), "certificate 2 cannot"],
  ] as const;
  for (const [pem, wanted] of cases) {
    assertThrows(() => checkAuthorities(pem), TlsError, wanted);
  }
});
