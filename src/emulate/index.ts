// `import { Machine } from 'mirrorasm/emulate'`.
export { CaseRunner, planCampaign, runCampaign, runCase } from './campaign/campaign.js';
export { caseId, parseCase } from './campaign/fault.js';
export type { Fault, Lose } from './campaign/fault.js';
export type {
  Basis,
  CampaignOptions,
  CampaignPlan,
  CampaignResult,
  CaseHooks,
  Chosen,
} from './campaign/campaign.js';
export type { CampaignRow, ClassRow, FailedCase } from './campaign/tally.js';
export { describeCampaign } from './campaign/describe.js';
export { isBad } from './campaign/runner.js';
export type { Executed, Manner, Notice, Outcome, Recovery } from './campaign/runner.js';
export { Terminal } from './campaign/terminal.js';
export { Lockstep } from './check/lockstep.js';
export { describe as describeLockstep, holds } from './check/result.js';
export type { Finding, LockstepResult, WindowClass } from './check/result.js';
export { Counter } from './counter.js';
export type { Counted, CountedSite } from './counter.js';
export { ElfError } from './elf.js';
export { Machine } from './machine.js';
export type { Origin } from './marks.js';
export { Recorder } from './recorder.js';
export type { Recorded, Stored } from './recorder.js';
export type { MachineOptions, RunResult, Snapshot } from './machine.js';
