// `import { Machine } from 'mirrorasm/emulate'`.
export { ElfError } from './elf.js';
export { Machine } from './machine.js';
export type { MachineOptions, RunResult } from './machine.js';
