// WebAssembly has only structured control flow: a graph of blocks becomes nested blocks and loops, by dominators (Ramsey, Beyond Relooper, ICFP 2022).
// Node 0 is the region's dispatcher. An edge into the middle of a loop goes by way of it, so that what is left is reducible.
import type { Code, Label } from './encode.js';

export interface Graph {
  /** By node: where it goes to. Those of node 0 come last to be known: whatever is entered by number. */
  readonly successors: readonly number[][];
}

export interface Shape {
  /** Entered by way of node 0. */
  readonly entries: readonly number[];
  /** By node: its place in a depth-first order backwards; -1: not reached. */
  readonly order: readonly number[];
  readonly dominator: readonly number[];
  /** By node, in the order above. */
  readonly children: readonly number[][];
  readonly merges: readonly boolean[];
  readonly heads: readonly boolean[];
  /** Edges that go by way of node 0, as `from * nodes + to`. */
  readonly detours: ReadonlySet<number>;
}

/** `entries`: nodes that the dispatcher has to know in any case. */
export function shape(successors: readonly (readonly number[])[], wanted: readonly number[]): Shape {
  const n = successors.length;
  const entries = new Set(wanted);
  const detours = new Set<number>();
  for (;;) {
    const edges = successors.map((to, from) =>
      from === 0 ? [...entries] : to.map((v) => (detours.has(from * n + v) ? 0 : v)),
    );
    const order = reversePostorder(edges);
    const dominator = dominators(edges, order);
    const dominates = (a: number, b: number): boolean => {
      let at = b;
      while ((order[at] ?? 0) > (order[a] ?? 0)) at = dominator[at] ?? 0;
      return at === a;
    };
    let changed = false;
    edges.forEach((to, from) => {
      if ((order[from] ?? -1) < 0) return;
      for (const v of to)
        if ((order[v] ?? 0) <= (order[from] ?? 0) && !dominates(v, from)) {
          detours.add(from * n + v);
          entries.add(v);
          changed = true;
        }
    });
    if (!changed) return finish(edges, order, dominator, [...entries], detours);
  }
}

function finish(
  edges: readonly (readonly number[])[],
  order: readonly number[],
  dominator: readonly number[],
  entries: readonly number[],
  detours: ReadonlySet<number>,
): Shape {
  const forward = edges.map(() => 0);
  const heads = edges.map(() => false);
  edges.forEach((to, from) => {
    if ((order[from] ?? -1) < 0) return;
    for (const v of to)
      if ((order[v] ?? 0) <= (order[from] ?? 0)) heads[v] = true;
      else forward[v] = (forward[v] ?? 0) + 1;
  });
  const merges = forward.map((count) => count > 1);
  for (const v of entries) merges[v] = true;
  const children = edges.map((): number[] => []);
  dominator.forEach((above, v) => {
    if (v !== 0 && (order[v] ?? -1) >= 0) children[above]?.push(v);
  });
  for (const list of children) list.sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
  return { entries, order, dominator, children, merges, heads, detours };
}

function reversePostorder(edges: readonly (readonly number[])[]): number[] {
  const order = edges.map(() => -1);
  const seen = new Set([0]);
  const stack: { readonly node: number; next: number }[] = [{ node: 0, next: 0 }];
  const finished: number[] = [];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const to = edges[top.node]?.[top.next++];
    if (to === undefined) {
      finished.push(top.node);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ node: to, next: 0 });
    }
  }
  finished.reverse().forEach((node, n) => (order[node] = n));
  return order;
}

/** Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm. */
function dominators(edges: readonly (readonly number[])[], order: readonly number[]): number[] {
  const sorted = order.map((_, node) => node).filter((node) => (order[node] ?? -1) >= 0);
  sorted.sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
  const before = edges.map((): number[] => []);
  for (const from of sorted) for (const to of edges[from] ?? []) before[to]?.push(from);
  const found = edges.map(() => -1);
  found[0] = 0;
  const meet = (x: number, y: number): number => {
    let [a, b] = [x, y];
    while (a !== b)
      if ((order[a] ?? 0) > (order[b] ?? 0)) a = found[a] ?? 0;
      else b = found[b] ?? 0;
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const node of sorted) {
      if (node === 0) continue;
      let best = -1;
      for (const from of before[node] ?? [])
        if ((found[from] ?? -1) >= 0) best = best < 0 ? from : meet(best, from);
      if (best !== found[node]) {
        found[node] = best;
        changed = true;
      }
    }
  }
  return found;
}

/** Emits all nodes; `emit` does one, and calls `branch` at each of its ends. Nothing falls out of a node. */
export class Layout {
  private readonly loops = new Map<number, Label>();
  private readonly blocks = new Map<number, Label>();

  constructor(
    private readonly code: Code,
    private readonly shape: Shape,
    private readonly emit: (node: number) => void,
  ) {}

  /** The node and what it dominates. */
  tree(node: number): void {
    const { shape, code } = this;
    const later = (shape.children[node] ?? []).filter((child) => shape.merges[child]).reverse();
    if (shape.heads[node]) {
      this.loops.set(node, code.loop());
      this.within(node, later);
      code.end();
      code.do(0);
    } else this.within(node, later);
  }

  private within(node: number, [last, ...others]: readonly number[]): void {
    if (last === undefined) {
      this.emit(node);
      return;
    }
    this.blocks.set(last, this.code.block());
    this.within(node, others);
    this.code.end();
    this.tree(last);
  }

  /** From one node to another. */
  branch(from: number, to: number): void {
    const { shape, code } = this;
    const back = (shape.order[to] ?? 0) <= (shape.order[from] ?? 0);
    const label = back ? this.loops.get(to) : shape.merges[to] ? this.blocks.get(to) : undefined;
    if (label) code.br(label);
    else this.tree(to);
  }

  /** Of an entry, from node 0. */
  label(entry: number): Label {
    const label = this.blocks.get(entry);
    if (!label) throw new Error('an entry without a label');
    return label;
  }
}
