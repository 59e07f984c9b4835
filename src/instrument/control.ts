// System calls and branches that reach 127 bytes only.
import { formatOperand } from './format.js';
import { NoPattern } from './site.js';
import type { Expansion, Site } from './site.js';

/** `syscall` clobbers rcx and r11 by itself (APM volume 3), so the runtime is entered with the return address in rcx and no stack. */
export function boundarySyscall(site: Site): Expansion {
  const back = site.label();
  return {
    before: [],
    replace: [`\tleaq\t${back}(%rip), %rcx`, `\tjmp\t${site.profile.syscallEntry}`, `${back}:`],
    after: [],
    window: 1,
  };
}

/** `jrcxz`, `loop`: the code between grows, so the branch goes through a near jump. */
export function widenBranch(site: Site): Expansion {
  const { instruction } = site.unit;
  const target = instruction.operands[0];
  if (target?.kind !== 'target') throw new NoPattern('a short branch without a target');
  const taken = site.label();
  const onward = site.label();
  return {
    before: [],
    replace: [
      `\t${instruction.mnemonic}\t${taken}`,
      `\tjmp\t${onward}`,
      `${taken}:`,
      `\tjmp\t${formatOperand(target)}`,
      `${onward}:`,
    ],
    after: [],
    window: 0,
  };
}
