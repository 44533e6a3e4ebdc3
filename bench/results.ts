import type { InstalledSize, StartResult } from './footprint.js';
import type { Counts } from './counts.js';
import type { CombinationResult, IndexCost } from './combinations.js';
import type { GrowthResult } from './growth.js';
import type { MemoryPoint } from './memory.js';
import type { ProfileSummary } from './profile.js';
import type { OperationResult } from './rounds.js';
import type { Variant } from './servers.js';

export interface HugeGrowth {
  date: string;
  commit: string;
  /** `messages` and `bytes` as the server estimates them. */
  data: {
    conversations: number;
    largestTenant: number;
    longestConversation: number;
    messages: number;
    bytes: number;
  };
  growth: GrowthResult[];
}

/** All that a run has found: what `bench/results.json` holds. */
export interface Results {
  scale: 'quick' | 'full';
  date: string;
  /** What was measured, as `git describe` names it. */
  commit: string;
  machine: Record<string, string | number | boolean>;
  versions: Record<string, string>;
  settings: { rounds: number; seconds: number; connections: number; poolSize: number };
  data: { text: string; conversations: number; largestTenant: number; longestConversation: number };
  operations: OperationResult[];
  /** By operation. */
  counts: Partial<Record<Variant, Record<string, Counts>>>;
  growth: GrowthResult[];
  /** Growth in a much larger database, measured by a run of its own. */
  huge?: HugeGrowth;
  combinations: CombinationResult[];
  indexCosts: IndexCost[];
  starts: Partial<Record<Variant, StartResult>>;
  installed: InstalledSize;
  memory: MemoryPoint[];
  /** Where the CPU time of Colloquy goes, by operation. */
  profiles: Record<string, ProfileSummary>;
}
