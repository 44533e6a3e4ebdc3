/** A message in a conversation that may have been answered more than once. */
export interface TreeNode<Value> {
  id: string;
  parentId: string | null;
  value: Value;
}

interface Path<Value> {
  /** The last message of the path. */
  id: string;
  values: Value[];
}

/**
 * The ways through a conversation, from its first message to each that nobody answered. The shown one comes first: it
 * ends at `current`, or where that is not given, at the latest answer of each message.
 */
export function pathsOf<Value>(nodes: readonly TreeNode<Value>[], current?: string): Path<Value>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Set(nodes.map(({ parentId }) => parentId));
  const leaves = nodes.filter(({ id }) => !parents.has(id)).map(({ id }) => id);
  const shown = current !== undefined && byId.has(current) ? current : latestLeaf(nodes, byId);
  if (shown === undefined) return [];
  return [shown, ...leaves.filter((leaf) => leaf !== shown && !isBefore(leaf, shown, byId))].map((id) => ({
    id,
    values: pathTo(id, byId).map(({ value }) => value),
  }));
}

/** A parent that leads nowhere, or back, ends the path. */
function pathTo<Value>(id: string, byId: ReadonlyMap<string, TreeNode<Value>>): TreeNode<Value>[] {
  const path: TreeNode<Value>[] = [];
  const seen = new Set<string>();
  for (let node = byId.get(id); node && !seen.has(node.id); node = byId.get(node.parentId ?? '')) {
    seen.add(node.id);
    path.push(node);
  }
  return path.reverse();
}

/** From the first root, at every message to its last answer. */
function latestLeaf<Value>(
  nodes: readonly TreeNode<Value>[],
  byId: ReadonlyMap<string, TreeNode<Value>>,
): string | undefined {
  const lastChild = new Map<string, string>();
  let root: string | undefined;
  for (const { id, parentId } of nodes) {
    if (parentId !== null && byId.has(parentId)) lastChild.set(parentId, id);
    else root ??= id;
  }
  let leaf = root;
  const seen = new Set<string>();
  for (let next = leaf; next !== undefined && !seen.has(next); next = lastChild.get(next)) {
    seen.add(next);
    leaf = next;
  }
  return leaf;
}

function isBefore<Value>(id: string, leaf: string, byId: ReadonlyMap<string, TreeNode<Value>>): boolean {
  return pathTo(leaf, byId).some((node) => node.id === id);
}

/** The shown path as the messages of a conversation, the others as its branches. */
export function branched<Message>(paths: readonly Path<Message>[]) {
  const [shown, ...others] = paths;
  return {
    messages: shown?.values ?? [],
    ...(others.length > 0 && { branches: others.map(({ id, values }) => ({ id, messages: values })) }),
  };
}
