import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { pemBlocks } from "./pem_blocks.ts";
import { TlsError } from "./tls_error.ts";

/** A certificate and what belongs to it, as PEM texts. */
export interface TlsIdentity {
  /** The server's own certificate first, then those that lead to the authority. */
  readonly cert: string;
  /** The private key of the first certificate. */
  readonly key: string;
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  readonly subject: string;
  readonly validFromMs: number;
  readonly validToMs: number;
}

/**
 * Refuses a certificate with which nobody could connect, in words that say what is wrong: the system
 * says little, and says it late. One that is not valid yet is taken, for it is as likely this
 * machine's clock that is wrong.
 *
 * @param nowMs The wall clock.
 * @throws {TlsError} If it is none, is expired, or the key is not its own.
 */
export function checkCertificate({ cert, key }: TlsIdentity, nowMs: number): CertificateFacts {
  const certificate = readCertificate(cert);
  const subject = subjectOf(certificate);
  const facts = {
    subject,
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
  };
  const privateKey = readPrivateKey(key);
  if (!belongs(certificate, privateKey)) {
    throw new TlsError(
      `Cannot use the certificate of ${subject} with this key: the key belongs to another one; ` +
        "give the key that it was requested with, and in a file with several certificates put the " +
        "server's own first",
    );
  }
  if (nowMs >= facts.validToMs) {
    throw new TlsError(
      `Cannot use the certificate of ${subject}: it expired at ` +
        `${new Date(facts.validToMs).toISOString()}, so no client would accept it; renew it`,
    );
  }
  return facts;
}

function readCertificate(text: string): X509Certificate {
  const [first] = pemBlocks(text, "CERTIFICATE");
  if (first === undefined) {
    throw new TlsError(
      "Cannot use the certificate: there is none in it; " +
        "a PEM file has one between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----" +
        (pemBlocks(text, "PRIVATE KEY").length > 0 ? "; this is a private key" : ""),
    );
  }
  try {
    return new X509Certificate(first);
  } catch {
    throw new TlsError(
      "Cannot use the certificate: what is between BEGIN and END CERTIFICATE cannot be decoded; " +
        "the file is damaged or incomplete",
    );
  }
}

function readPrivateKey(text: string): KeyObject {
  const [first] = pemBlocks(text, "PRIVATE KEY");
  if (first === undefined) {
    throw new TlsError(
      "Cannot use the key: there is none in it; " +
        "a PEM file has one between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----" +
        (pemBlocks(text, "CERTIFICATE").length > 0 ? "; this is a certificate" : ""),
    );
  }
  if (/ENCRYPTED/.test(first)) {
    throw new TlsError(
      "Cannot use the key: it is encrypted with a passphrase, which nobody can type when a router " +
        "starts; decrypt it with openssl pkey and protect the file",
    );
  }
  try {
    return createPrivateKey(first);
  } catch {
    throw new TlsError(
      "Cannot use the key: what is between BEGIN and END PRIVATE KEY cannot be decoded; " +
        "the file is damaged or incomplete",
    );
  }
}

/** Whether a key is that of a certificate; where that cannot be said, the handshake has to. */
function belongs(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return true;
  }
}

function subjectOf({ subject, subjectAltName }: X509Certificate): string {
  const name = subject === "" ? subjectAltName ?? "" : subject.replaceAll("\n", ", ");
  return name === "" ? "an unnamed server" : `"${name}"`;
}
