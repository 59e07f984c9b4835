// Which functions lose the r11 of their callers: what is found there afterwards is nobody's value.
import type { Code } from './code.js';
import type { Groups } from './groups.js';
import { R11 } from './sets.js';

/** Whether an instruction uses what r11 holds, for any purpose. */
type Uses = (unit: number) => boolean;

/** Units before which r11 is used by the same function, before anything there writes it; calls are taken to keep it. */
function usedBefore(code: Code, uses: Uses): Uint8Array {
  const { units, next, target } = code;
  const used = new Uint8Array(units.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = units.length - 1; i >= 0; i--) {
      const effects = units[i]?.effects;
      if (effects === undefined || used[i]) continue;
      const { flow } = effects;
      const branch = flow === 'call' ? -1 : (target[i] ?? -1);
      const onward = flow === 'return' ? -1 : (next[i] ?? -1);
      const later = (onward >= 0 && used[onward]) || (branch >= 0 && used[branch]);
      const written = flow !== 'call' && (effects.integerWritten >> R11) & 1;
      if (!uses(i) && (!later || written)) continue;
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
export function losesR11(code: Code, { groupOf, size, strange }: Groups, uses: Uses): Uint8Array {
  const { units, target } = code;
  const saves = new Uint8Array(size);
  const loses = new Uint8Array(size);
  if (!units.some(({ effects }) => (effects.integerWritten >> R11) & 1)) return loses;
  const used = usedBefore(code, uses);
  const onward: (readonly [from: number, to: number])[] = [];
  for (let i = 0; i < units.length; i++) {
    const effects = units[i]?.effects;
    if (effects === undefined) continue;
    const group = groupOf(i);
    const entered = code.functionEntries.has(i) || code.callable.has(i) || strange.has(i);
    if (entered && used[i]) saves[group] = 1;
    const to = target[i] ?? -1;
    if (effects.flow === 'call') {
      if (to >= 0) onward.push([group, groupOf(to)]);
    } else if ((effects.integerWritten >> R11) & 1) loses[group] = 1;
    else if (to >= 0 && groupOf(to) !== group) onward.push([group, groupOf(to)]);
  }
  for (let g = 0; g < size; g++) if (saves[g]) loses[g] = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (const [from, to] of onward) {
      if (!loses[to] || loses[from] || saves[from]) continue;
      loses[from] = 1;
      changed = true;
    }
  }
  return loses;
}
