// Which functions lose the r11 of their callers: what is found there afterwards is nobody's value.
import { flow } from './code.js';
import type { Code } from './code.js';
import type { Groups } from './groups.js';

/** What units do with r11, one bit each: its value is used for any purpose; some of it is written. */
export const USES = 1;
export const WRITES = 2;

/** Units before which r11 is used by the same function, before anything there writes it; calls are taken to keep it. */
function usedBefore({ flow: leaves, next, target }: Code, r11: Uint8Array): Uint8Array {
  const used = new Uint8Array(r11.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = r11.length - 1; i >= 0; i--) {
      if (used[i]) continue;
      const does = r11[i] ?? 0;
      if (!(does & USES)) {
        if (does & WRITES && leaves[i] !== flow.call) continue;
        const branch = leaves[i] === flow.call ? -1 : (target[i] ?? -1);
        const onward = leaves[i] === flow.return ? -1 : (next[i] ?? -1);
        if (!(onward >= 0 && used[onward]) && !(branch >= 0 && used[branch])) continue;
      }
      used[i] = 1;
      changed = true;
    }
  }
  return used;
}

/**
 * By group: 1 where a call loses r11 for certain as far as any convention could promise to keep it. A function that promises it either never
 * writes r11 and calls only such functions, or saves what it finds there; this one writes it, or calls a function in view that loses
 * it, and saves nothing.
 */
export function losesR11(code: Code, { groupOf, size, strange }: Groups, r11: Uint8Array): Uint8Array {
  const { target } = code;
  const saves = new Uint8Array(size);
  const loses = new Uint8Array(size);
  if (!r11.some((does) => does & WRITES)) return loses;
  const used = usedBefore(code, r11);
  // A group of the first gets what one of the second has.
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < r11.length; i++) {
    const call = code.flow[i] === flow.call;
    const writes = ((r11[i] ?? 0) & WRITES) !== 0;
    const branch = target[i] ?? -1;
    if (used[i] && (code.functionEntries.has(i) || code.callable.has(i) || strange.has(i)))
      saves[groupOf(i)] = 1;
    if (!call && writes) loses[groupOf(i)] = 1;
    else if (branch >= 0) {
      const group = groupOf(i);
      const other = groupOf(branch);
      if (!call && other === group) continue;
      from.push(group);
      to.push(other);
    }
  }
  for (let g = 0; g < size; g++) if (saves[g]) loses[g] = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (let e = 0; e < from.length; e++) {
      const group = from[e] ?? 0;
      if (!loses[to[e] ?? 0] || loses[group] || saves[group]) continue;
      loses[group] = 1;
      changed = true;
    }
  }
  return loses;
}
