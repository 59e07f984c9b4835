// `import { Machine } from 'mirrorasm/emulate'`.
export { Lockstep } from './check/lockstep.js';
export { describe as describeLockstep, holds } from './check/result.js';
export type { Finding, LockstepResult, WindowClass } from './check/result.js';
export { ElfError } from './elf.js';
export { Machine } from './machine.js';
export type { MachineOptions, RunResult, Snapshot } from './machine.js';
