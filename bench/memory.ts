import type { Environment } from './environment.js';
import { OPERATIONS } from './operations.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import { CONNECTIONS } from './rounds.js';

/** Memory of the service after so many requests, when garbage is collected. */
export interface MemoryPoint {
  requests: number;
  heapBytes: number;
  residentBytes: number;
}

const STEPS = 10;
const MIX = ['get', 'list', 'page', 'create', 'append', 'status'];

/** Sends requests of every kind and looks at the memory on the way; it should end as it begins. */
export async function measureMemory(
  environment: Environment,
  { requests, random, progress }: { requests: number; random: Random; progress: Progress },
): Promise<MemoryPoint[]> {
  const server = await environment.start('colloquy', { nodeOptions: ['--expose-gc'] });
  try {
    const points: MemoryPoint[] = [];
    let sent = 0;
    for (let step = 0; step < STEPS; step++) {
      progress.show(`watching memory, ${sent.toLocaleString('en')} requests`, step / STEPS);
      const mixed = random.shuffled(
        OPERATIONS.filter(({ id }) => MIX.includes(id)).flatMap(({ requests }) =>
          requests(environment.data, random),
        ),
      );
      const amount = Math.ceil(requests / STEPS);
      await environment.send(server, mixed, { connections: CONNECTIONS, amount });
      sent += amount;
      const { heapBytes, residentBytes } = await server.ask({ ask: 'collect' });
      points.push({ requests: sent, heapBytes, residentBytes });
    }
    return points;
  } finally {
    await server.stop();
  }
}
