import type { TlsIdentity } from "../edge/check_certificate.ts";
import { LOG } from "../edge/log.ts";
import type { Router } from "../edge/router.ts";
import { TlsError } from "../edge/tls_error.ts";
import { CommandError } from "./command_error.ts";
import { readPemFile } from "./pem_file.ts";

/** Where a server has its certificate. */
export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * Reads a certificate and its key.
 *
 * @throws {CommandError} when one of the files cannot be read
 */
export async function readCertificateFiles(files: CertificateFiles): Promise<TlsIdentity> {
  const { text: cert } = await readPemFile("cert", files.certPath);
  const { text: key, isPublic } = await readPemFile("key", files.keyPath);
  if (isPublic) {
    LOG.warn('Everybody on this machine can read the private key in "{path}": chmod 600 it', {
      event: "key-public",
      path: files.keyPath,
    });
  }
  return { cert, key };
}

/**
 * At each SIGHUP, reads the files again and takes what they have into use; what cannot be used is
 * logged and changes nothing. Windows sends the signal when a terminal is closed, so it ends a server
 * there.
 */
export function renewAtSignal(
  router: Router,
  { files, drainTimeoutMs }: { readonly files: CertificateFiles; readonly drainTimeoutMs: number },
): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGHUP", () => {
    renew(router, { files, drainTimeoutMs });
  });
}

async function renew(
  router: Router,
  { files, drainTimeoutMs }: { readonly files: CertificateFiles; readonly drainTimeoutMs: number },
): Promise<void> {
  LOG.info('Reading the certificate in "{path}" again after SIGHUP', {
    event: "certificate-read",
    path: files.certPath,
  });
  try {
    const tls = await readCertificateFiles(files);
    await router.renewCertificate({ ...tls, drainTimeoutMs });
  } catch (error) {
    // A signal that comes while the router stops finds none to renew.
    const isKnown = error instanceof CommandError || error instanceof TlsError ||
      error instanceof TypeError;
    if (!isKnown) throw error;
    LOG.error("The old certificate stays in use: {reason}", {
      event: "certificate-refused",
      reason: error.message,
    });
  }
}
