// One program natively, in threaded code with closures for what that has not (tier 0), and compiled (tier 1): the same end and output, and as many instructions in both tiers.
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { MachineOptions, RunResult } from '../../src/emulate/index.js';
import { machineIn } from './machine.js';
import type { Case } from './types.js';

/** Programs that execute more are not run in tier 0. */
export const mostInterpreted = 2e8;
/** Nor in the emulator at all. */
const mostCompiled = 1e10;
/** Executions after which a block is compiled, or becomes threaded code: few, as most programs are short. */
const hot = 20;
const warm = 1;
const mostOutput = 1 << 26;

/** How a run ended. Latin-1 keeps all bytes. */
interface Run {
  readonly end: string;
  readonly out: string;
  readonly error: string;
}

interface EmulatedRun extends Run {
  readonly missing: string;
  readonly executed: number;
  readonly threaded: number;
  readonly compiled: number;
}

export type ThreeWays =
  | { readonly kind: 'excluded'; readonly reason: string }
  | { readonly kind: 'missing'; readonly name: string }
  | { readonly kind: 'differs'; readonly message: string }
  | {
      readonly kind: 'same';
      readonly executed: number;
      /** Of them in threaded code, in tier 0. */
      readonly threaded: number;
      /** Of them in compiled code, in tier 1. */
      readonly compiled: number;
      /** Too long for tier 0. */
      readonly tier1Only: boolean;
    };

/** Undefined: it takes too long. Nothing else goes on in this process meanwhile, so time is the program's own. */
function natively(one: Pick<Case, 'run' | 'seconds'>, work: string): Run | undefined {
  const { status, signal, stdout, stderr, error } = spawnSync('sh', ['-c', `exec ${one.run}`], {
    cwd: work,
    env: {},
    timeout: one.seconds * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: mostOutput,
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) return undefined;
  const end = signal === null ? `exit ${status}` : `signal ${constants.signals[signal]}`;
  return { end, out: stdout, error: stderr };
}

const endOf = (end: RunResult): string => {
  switch (end.kind) {
    case 'exit':
      return `exit ${end.code}`;
    case 'signal':
      return `signal ${end.number}`;
    case 'fault':
      return `signal ${end.signal}`;
    default:
      return end.kind;
  }
};

function emulated(work: string, tiers: NonNullable<MachineOptions['tiers']>, most: number): EmulatedRun {
  const chunks: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
  const machine = machineIn(work, {
    root: '/',
    tiers,
    io: { write: (to, bytes) => chunks[to].push(Buffer.from(bytes)) },
  });
  const end = machine.run(most);
  return {
    end: endOf(end),
    out: Buffer.concat(chunks[1]).toString('latin1'),
    error: Buffer.concat(chunks[2]).toString('latin1'),
    missing: end.kind === 'missing' ? end.text : '',
    executed: machine.executed,
    threaded: machine.interpreter.threaded?.executed ?? 0,
    compiled: machine.interpreter.compiled?.executed ?? 0,
  };
}

/** Where two texts part, with a line of each. */
function firstDifference(what: string, native: string, own: string): string {
  const [a, b] = [native.split('\n'), own.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at < 0 ? a.length : at;
  const differing = a.filter((text, i) => text !== b[i]).length;
  return `${what}, line ${line + 1} (${differing} differ)\n  native:   ${a[line] ?? '(none)'}\n  emulator: ${b[line] ?? '(none)'}`;
}

/** Empty: they are the same. */
export function difference(native: Run, own: Run): string {
  if (own.end !== native.end) return `ends with ${own.end}, natively with ${native.end}`;
  if (own.out !== native.out) return firstDifference('output', native.out, own.out);
  if (own.error !== native.error) return firstDifference('stderr', native.error, own.error);
  return '';
}

/** `work` has the program. */
export function threeWays(one: Pick<Case, 'run' | 'seconds'>, work: string): ThreeWays {
  const native = natively(one, work);
  if (!native) return { kind: 'excluded', reason: 'takes too long natively' };
  const compiled = emulated(work, { tier: 1, hot, warm }, mostCompiled);
  if (compiled.missing !== '') return { kind: 'missing', name: compiled.missing };
  if (compiled.end === 'limit')
    return { kind: 'excluded', reason: `executes more than ${mostCompiled} instructions` };
  const differs = (tier: number, what: string): ThreeWays => ({
    kind: 'differs',
    message: `tier ${tier}: ${what}`,
  });
  const inTier1 = difference(native, compiled);
  if (inTier1 !== '') {
    const again = natively(one, work);
    return again && difference(native, again) === ''
      ? differs(1, inTier1)
      : { kind: 'excluded', reason: 'differs from run to run natively' };
  }
  const tier1Only = compiled.executed > mostInterpreted;
  let threaded = 0;
  if (!tier1Only) {
    const interpreted = emulated(work, { tier: 0, warm }, mostCompiled);
    if (interpreted.missing !== '') return differs(0, `${interpreted.missing} is missing, not so in tier 1`);
    const inTier0 = difference(native, interpreted);
    if (inTier0 !== '') return differs(0, inTier0);
    if (interpreted.executed !== compiled.executed)
      return differs(1, `${compiled.executed} instructions, in tier 0 ${interpreted.executed}`);
    ({ threaded } = interpreted);
  }
  return { kind: 'same', executed: compiled.executed, threaded, compiled: compiled.compiled, tier1Only };
}
