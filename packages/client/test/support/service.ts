import { createTestApp } from '../../../../test/support/create-test-app.js';
import { tokenFor } from '../../../../test/support/test-client.js';
import { Colloquy } from '../../src/client.js';
import type { Attempt, ClientOptions } from '../../src/options.js';

interface TestService {
  readonly url: string;
  readonly databaseUrl: string;
  /** A client of the tenant `acme`, which does not wait long. */
  readonly client: (options?: Partial<ClientOptions>) => Colloquy;
}

/** The real service, listening on a port of its own until the file is done. */
export async function startService(environment: Record<string, string> = {}): Promise<TestService> {
  const service = await createTestApp({ environment });
  const url = await service.listen();
  return { url, databaseUrl: service.databaseUrl, client: (options) => clientOf(url, options) };
}

export const clientOf = (baseUrl: string, options: Partial<ClientOptions> = {}): Colloquy =>
  new Colloquy({ baseUrl, token: () => tokenFor({ tenant: 'acme' }), ...options });

/** Collects what `onAttempt` tells. */
export function watchAttempts() {
  const attempts: Attempt[] = [];
  return { attempts, onAttempt: (attempt: Attempt) => void attempts.push(attempt) };
}
