import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/** Whether this is one certificate in PEM or several. */
export function isCertificates(pem: string): boolean {
  const certificates = pem.match(CERTIFICATE) ?? [];
  try {
    return certificates.map((certificate) => new X509Certificate(certificate)).length > 0;
  } catch {
    return false;
  }
}

/** Whether this is a certificate in PEM with its private key. */
export function isPair(cert: string, key: string | undefined): boolean {
  try {
    createSecureContext({ cert, key });
    return key !== undefined;
  } catch {
    return false;
  }
}
