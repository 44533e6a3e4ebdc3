import type { Dialogue } from './dialogues.js';

export interface TenantPlan {
  id: string;
  conversations: number;
  /** Whether each conversation holds a whole dialogue, or is empty. */
  filled: boolean;
  /** Messages of one further conversation. */
  longConversation?: number;
}

export interface Plan {
  /** Equal tenants that are only read. */
  read: TenantPlan[];
  /** Equal tenants that are written to. */
  written: TenantPlan[];
  /** A tenant of the usual size, with a conversation of the usual length to compare the large ones with. */
  small: TenantPlan;
  large: TenantPlan;
  /** Ordinary tenants that nobody asks for anything; all have the same rows. */
  others: TenantPlan[];
  tiny: TenantPlan[];
}

export const tenantsOf = ({ read, written, small, large, others, tiny }: Plan): TenantPlan[] => [
  ...[...read, ...written, small],
  ...[large, ...others, ...tiny],
];

const numbered = (count: number, plan: (index: number) => TenantPlan) =>
  Array.from({ length: count }, (_, index) => plan(index));

const SCALES = {
  /** For counting only. */
  budget: { tenants: 1, tiny: 5, large: 2_000, long: 1_000, others: 0 },
  quick: { tenants: 4, tiny: 50, large: 50_000, long: 10_000, others: 0 },
  full: { tenants: 8, tiny: 50, large: 1_000_000, long: 200_000, others: 0 },
  /** What fits on a disk of 60 GB: much more than the server's memory holds. Most messages are those of `others`. */
  huge: { tenants: 8, tiny: 50, large: 5_000_000, long: 200_000, others: 4_300 },
};

const ORDINARY = { conversations: 1_000, filled: true };

/** Tenants of very different size. */
export function planOf(scale: keyof typeof SCALES): Plan {
  const { tenants, tiny, large, long, others } = SCALES[scale];
  return {
    read: numbered(tenants, (index) => ({ id: `read-${index}`, ...ORDINARY })),
    written: numbered(tenants, (index) => ({ id: `written-${index}`, ...ORDINARY })),
    small: { id: 'small', conversations: 1_000, filled: false, longConversation: 200 },
    large: { id: 'large', conversations: large, filled: false, longConversation: long },
    others: numbered(others, (index) => ({ id: `other-${index}`, ...ORDINARY })),
    tiny: numbered(tiny, (index) => ({ id: `tiny-${index}`, conversations: 10, filled: true })),
  };
}

/** About how many rows a tenant has. */
export function rowsOf(
  { conversations, filled, longConversation = 0 }: TenantPlan,
  dialogues: readonly Dialogue[],
) {
  const turns = dialogues.reduce((sum, dialogue) => sum + dialogue.turns.length, 0) / dialogues.length;
  return conversations * (filled ? 1 + turns : 1) + longConversation;
}
