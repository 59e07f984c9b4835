// A signal at each instruction of what stands for a write, for a handler that never returns and for one that does (runtime/group.c).
import type { Form } from './cases.js';

/** Whether the harness lets signals in: what atomic operations jump to is the runtime's, and `pushf` would push the trap flag of the steps. */
export const takesSignals = ({ kind, effects }: Form): boolean =>
  kind !== 'atomic' && effects.base !== 'pushf';

/** Forms that a handler must return to (docs/architecture.md, Signals). */
const NOT_UNDONE: readonly ((form: Form) => boolean)[] = [
  ({ kind }) => kind === 'scatter' || kind === 'state' || kind === 'bit-string',
  ({ effects }) => /^xsave/.test(effects.base),
  ({ kind }) => kind === 'mask-move' || kind === 'line',
];

/** What of the harness' differences is not one of those. */
export function unexpected(forms: readonly Form[], different: readonly string[]): string[] {
  const returned = new Set(forms.filter((form) => NOT_UNDONE.some((is) => is(form))).map(({ text }) => text));
  return different.filter((line) => !returned.has(line.replace(/ \[.*/, '')));
}
