// The table against the CPU: places every memory operand in watched pages, runs the instruction, compares.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iced from 'iced-x86';
import { SLOT } from './assemble.js';
import type { TableCheck } from './check.js';
import { CPU_EXCEPTIONS, CPU_FAULTS, CPU_SKIPPED, type CpuField } from './cpu-exceptions.js';
import { ARENA, CODE_END, PREFIX, type Mode } from './forms.js';
import { ARENA_END, general, planOf, type Plan } from './plan.js';
import { ANSWER, decode, encode, type Answer } from './record.js';

const SIGILL = 4;
const SIGSEGV = 11;

const { Code } = iced;

export interface CpuDifference {
  readonly mode: Mode;
  readonly text: string;
  readonly field: CpuField;
  readonly detail: string;
}

export interface CpuCheck {
  readonly executed: number;
  /** Not run, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Run, but never came to an end, by reason. */
  readonly faults: ReadonlyMap<string, number>;
  readonly exceptions: ReadonlyMap<string, number>;
  readonly disagreements: readonly CpuDifference[];
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

// CPUID features by iced's name to the flag in /proc/cpuinfo, where it is not the same in small letters.
const RENAMED: Readonly<Record<string, string>> = {
  AVX512_IFMA: 'avx512ifma',
  AVX512_VBMI: 'avx512vbmi',
  CLFSH: 'clflush',
  CMPXCHG16B: 'cx16',
  D3NOW: '3dnow',
  D3NOWEXT: '3dnowext',
  LZCNT: 'abm',
  PREFETCHW: '3dnowprefetch',
  SHA: 'sha_ni',
  SSE3: 'pni',
};
const ALWAYS = /^(INTEL(8086|186|286|386|486)|X64|FPU|FPU287|FPU387|MULTIBYTENOP|PAUSE|CPUID|RDPMC|SMM)$/;

/** The flags of /proc/cpuinfo. */
export function cpuFlags(): ReadonlySet<string> {
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  return new Set(/^flags\s*:\s*(.*)$/m.exec(info)?.[1]?.split(' '));
}

/** Features this CPU does not have, of those the instruction needs. */
export function missing(instruction: iced.Instruction, flags: ReadonlySet<string>): string {
  return [...instruction.cpuidFeatures()]
    .map((feature) => iced.CpuidFeature[feature] ?? '')
    .filter((name) => !ALWAYS.test(name) && !flags.has(RENAMED[name] ?? name.toLowerCase()))
    .join(' ');
}

interface Span {
  readonly from: number;
  readonly to: number;
  /** Every byte of it is written, whatever it holds. */
  readonly certain: boolean;
}

/** What the table says may be written, as addresses. */
function spans(plan: Plan): Span[] {
  const { effects, operand, gpr, instruction } = plan;
  const found: Span[] = [];
  const access = effects.memoryOperand < 0 ? '-' : (effects.access[effects.memoryOperand] ?? '-');
  if (access.includes('w')) {
    const known = effects.memorySizeKnown;
    const bytes = known ? effects.memoryBytes : /^bt/.test(effects.base) ? 16 : 0x1000;
    found.push({ from: operand, to: operand + bytes, certain: known && access === 'w' });
  }
  for (const item of effects.implicitMemory) {
    if (!item.access.includes('w')) continue;
    const number =
      item.operand < 0 ? item.base : general(instruction.opRegister(instruction.opCount - 1 - item.operand));
    const start = Math.floor(((gpr[number] ?? 0) + item.displacement) / item.aligned) * item.aligned;
    // Three elements of a repeated string instruction.
    const bytes = item.bytes || 3 * effects.operandBytes;
    found.push({ from: start, to: start + bytes, certain: item.access === 'w' && item.bytes > 0 });
  }
  return found;
}

const TOPS: Readonly<Record<string, number>> = { '-': 0, use: 0, push: 7, pop: 1, pop2: 2 };

/** Every way in which an answer contradicts the table. */
function judge(plan: Plan, answer: Answer): [CpuField, string][] {
  const { effects, place } = plan;
  const found: [CpuField, string][] = [];
  const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
  if (place === 'edge') {
    if (answer.done === 0 && answer.signal === SIGSEGV && answer.address === BigInt(ARENA_END))
      found.push(['size', `accesses more than ${effects.memoryBytes} bytes`]);
    return found;
  }
  if (place === 'beyond') {
    const access = effects.access[effects.memoryOperand] ?? '-';
    if (access === 'a' && answer.done === 0 && answer.signal === SIGSEGV)
      found.push(['size', 'accesses its operand']);
    if (access !== 'a' && answer.done !== 0)
      found.push(['size', `accesses less than ${effects.memoryBytes} bytes`]);
    return found;
  }
  const [gpr = 0, flags = 0, vector = 0, mmx = 0, opmask = 0, x87 = 0, top = 0, ...differs] = answer.words;
  if (effects.privileged) found.push(['privileged', 'a user program can execute it']);
  if (effects.flow === 'stop') found.push(['flow', 'it does not stop']);
  if (effects.flow === 'next' && answer.rip !== BigInt(CODE_END + 1))
    found.push(['flow', `ends at ${hex(Number(answer.rip))}`]);
  const extra = (changed: number, written: number, field: CpuField): void => {
    if (changed & ~written) found.push([field, hex(changed & ~written)]);
  };
  const touchesX87 = (effects.otherWritten & (1 << 28)) !== 0 || effects.x87 === 'set';
  extra(gpr, effects.integerWritten & 0xffff, 'register written');
  extra(flags, (effects.integerWritten >>> 16) & 0x7f, 'flag written');
  extra(vector, effects.vectorWritten, 'vector written');
  extra(opmask, effects.otherWritten & 0xff, 'opmask written');
  if (!touchesX87) {
    extra(mmx, (effects.otherWritten >>> 8) & 0xff, 'mmx written');
    if (x87 !== 0) found.push(['x87 written', hex(x87)]);
  }
  if (effects.x87 !== 'set' && top !== TOPS[effects.x87])
    found.push(['x87 stack', `top moves by ${top}, not ${effects.x87}`]);
  const [
    gprDiffers = 0,
    flagsDiffer = 0,
    vectorDiffers = 0,
    mmxDiffers = 0,
    opmaskDiffers = 0,
    memory = 0,
    fault = 0,
  ] = differs;
  if (gprDiffers) found.push(['register result', hex(gprDiffers)]);
  if (flagsDiffer) found.push(['flag result', hex(flagsDiffer)]);
  if (vectorDiffers) found.push(['vector result', hex(vectorDiffers)]);
  if (mmxDiffers) found.push(['mmx result', hex(mmxDiffers)]);
  if (opmaskDiffers) found.push(['opmask result', hex(opmaskDiffers)]);
  if (memory) found.push(['memory result', hex(memory - 1)]);
  if (fault & 0xff) found.push(['fault', `signal ${fault & 0xff}`]);
  if (fault & 0x100) found.push(['twice', 'the second time changes something']);
  const allowed = spans(plan);
  for (const [offset, length] of answer.ranges) {
    for (let at = ARENA + offset; at < ARENA + offset + length; at++) {
      if (allowed.some((span) => at >= span.from && at < span.to)) continue;
      found.push(['memory written', `at operand ${at - plan.operand}, address ${hex(at)}`]);
      break;
    }
  }
  for (const span of allowed) {
    if (!span.certain) continue;
    for (let at = span.from; at < span.to; at++) {
      if (answer.ranges.some(([offset, length]) => at >= ARENA + offset && at < ARENA + offset + length))
        continue;
      found.push(['memory not written', `byte ${at - span.from} of ${span.to - span.from}`]);
      break;
    }
  }
  return found;
}

/** What the CPU check needs of a table check. */
export type Executable = Pick<TableCheck, 'mode' | 'cases' | 'assembled' | 'compared'>;

/** Every distinct encoding with distinct effects, at its usual place; one of each code also at a page's end. */
function plansOf(check: Executable, flags: ReadonlySet<string>, skipped: Map<string, number>): Plan[] {
  const { mode, cases, assembled, compared } = check;
  const plans: Plan[] = [];
  const seen = new Set<string>();
  const edges = new Set<number>();
  assembled.accepted.forEach((index, at) => {
    const instruction = compared.decoded[at];
    const effects = compared.effects[at];
    const text = cases[index]?.text ?? '';
    if (!instruction || !effects) return;
    // GNU as may have put a wait before it.
    const slot = assembled.bytes.subarray(at * SLOT, (at + 1) * SLOT);
    const length = Number(instruction.nextIP) - at * SLOT;
    const bytes = slot.subarray(0, length);
    const key = `${Buffer.from(bytes).toString('latin1')} ${effects.integerRead} ${effects.vectorRead} ${effects.base}`;
    if (seen.has(key)) return;
    seen.add(key);
    const danger = CPU_SKIPPED.find(
      ({ statement }) => statement.test(text) || statement.test(text.replace(PREFIX, '')),
    );
    if (danger) return count(skipped, danger.name);
    const absent = missing(instruction, flags);
    if (absent !== '') return count(skipped, `not on this CPU: ${absent}`);
    if (instruction.code === Code.INVALID) return count(skipped, 'iced-x86 does not decode it');
    const plan = planOf(mode, text, bytes, instruction, effects);
    if (!plan)
      return count(skipped, 'the operand cannot be placed (16-bit addresses, %fs, one register twice)');
    plans.push(plan);
    const access = effects.access[effects.memoryOperand] ?? '-';
    const sized = effects.memoryBytes > 0 && effects.memorySizeKnown && !access.includes('c');
    if ((!sized && access !== 'a') || edges.has(instruction.code) || effects.flow !== 'next') return;
    if (effects.privileged || effects.base === 'lea') return;
    for (const place of ['edge', 'beyond'] as const) {
      const more =
        access === 'a' && place === 'edge'
          ? undefined
          : planOf(mode, text, bytes, instruction, effects, place);
      if (!more) continue;
      edges.add(instruction.code);
      plans.push(more);
    }
  });
  return plans;
}

/** Builds the helper and runs everything this CPU can. */
export function checkCpu(folder: string, checks: readonly Executable[], sources: string): CpuCheck {
  const helper = join(folder, 'helper');
  const build = spawnSync(
    'gcc',
    ['-O1', '-static', '-fno-stack-protector', '-o', helper, join(sources, 'helper.c')],
    {
      encoding: 'utf8',
    },
  );
  if (build.status !== 0) throw new Error(build.stderr);
  const flags = cpuFlags();
  const skipped = new Map<string, number>();
  const plans = checks.flatMap((check) => plansOf(check, flags, skipped));
  const input = join(folder, 'tests');
  const output = join(folder, 'answers');
  writeFileSync(input, Buffer.concat(plans.map(encode)));
  const from = openSync(input, 'r');
  const to = openSync(output, 'w');
  const run = spawnSync(helper, [], { stdio: [from, to, 'inherit'], timeout: 120_000 });
  closeSync(from);
  closeSync(to);
  const answers = readFileSync(output);
  if (run.status !== 0 || answers.length !== plans.length * ANSWER) {
    const last = plans[Math.floor(answers.length / ANSWER)];
    throw new Error(
      `the helper ended with ${run.status ?? run.signal} near '${last?.text}' (${last?.mode}-bit)`,
    );
  }
  const faults = new Map<string, number>();
  const exceptions = new Map<string, number>();
  const disagreements: CpuDifference[] = [];
  let executed = 0;
  plans.forEach((plan, i) => {
    const { mode, text, effects } = plan;
    const answer = decode(answers, i * ANSWER);
    const add = (field: CpuField, detail: string): void => {
      const bare = text.replace(PREFIX, '');
      const known = CPU_EXCEPTIONS.find(
        ({ statement, fields }) => fields.includes(field) && (statement.test(text) || statement.test(bare)),
      );
      if (known) count(exceptions, known.name);
      else disagreements.push({ mode, text, field, detail });
    };
    if (plan.place === 'middle') {
      if (answer.done === 0) {
        if (effects.privileged && (answer.signal === SIGSEGV || answer.signal === SIGILL))
          return count(faults, 'privileged, and refused by the CPU');
        if (effects.flow === 'stop') return count(faults, 'stops, as the table says');
        const known = CPU_FAULTS.find(
          ({ statement }) => statement.test(text) || statement.test(text.replace(PREFIX, '')),
        );
        if (known) return count(faults, known.name);
        return add(
          'never ends',
          `signal ${answer.signal} code ${answer.code} address 0x${answer.address.toString(16)}`,
        );
      }
      executed++;
    }
    for (const [field, detail] of judge(plan, answer)) add(field, detail);
  });
  return { executed, skipped, faults, exceptions, disagreements };
}
