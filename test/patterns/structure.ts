// Forms that this CPU does not have: the mirrored text is assembled and decoded, and what stands in it is compared.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iced from 'iced-x86';
import { refusedWrites } from '../../src/analyze/refused-writes.js';
import type { Mode } from '../../scripts/isa-check/forms.js';
import { profiles } from '../../src/profile/profiles.js';
import { rewrite } from '../../src/rewrite.js';
import { targets } from './targets.js';
import type { Form } from './cases.js';

const { OpKind, Register } = iced;

/** Forms, not instructions, that are refused: a tile in thread-local memory; addresses of half a word, where no memory is. */
const REFUSED: Readonly<Record<Mode, RegExp>> = {
  32: /\(%b[xp]|^movdir64b .*%[a-ds][xpi]$/,
  64: /^(tilestored.*%fs|movdir64b .*%(e..|r\d+d)$)/,
};

/** Where the mirror of an operand that is no further than this from it is. */
const NEAR = 0x20000000;

/** Whether an instruction names the mirror: through its segment, or by a displacement near the distance. */
function isMirror(mode: Mode, instruction: iced.Instruction): boolean {
  const { mirrorDisplacement, mirrorSegment } = profiles[targets[mode].profile];
  if (mirrorSegment !== '') return instruction.segmentPrefix === Register.GS;
  for (let i = 0; i < instruction.opCount; i++)
    if (instruction.opKind(i) === OpKind.Memory)
      return Math.abs((Number(instruction.memoryDisplacement) - mirrorDisplacement) | 0) < NEAR;
  return false;
}

/** Everything of an instruction but its segment, and its address where that was taken apart. */
function describe(mode: Mode, instruction: iced.Instruction, withAddress: boolean): string {
  const operands: string[] = [];
  const distance = isMirror(mode, instruction) ? profiles[targets[mode].profile].mirrorDisplacement : 0;
  const place = (displacement: bigint): bigint =>
    BigInt.asIntN(mode, BigInt.asIntN(mode, displacement) - BigInt(distance));
  for (let i = 0; i < instruction.opCount; i++) {
    const kind = instruction.opKind(i);
    if (kind === OpKind.Register) operands.push(`r${instruction.opRegister(i)}`);
    else if (kind === OpKind.Memory && withAddress)
      operands.push(
        `m${instruction.memoryBase},${instruction.memoryIndex},${instruction.memoryIndexScale},${instruction.isIpRelMemoryOperand ? 'rip' : place(instruction.memoryDisplacement)}`,
      );
    else operands.push(`k${kind}`);
  }
  return `${instruction.code} ${operands.join(' ')} {k${instruction.opMask}}${instruction.zeroingMasking ? '{z}' : ''}`;
}

function decodeAll(mode: Mode, bytes: Uint8Array): iced.Instruction[] {
  const decoder = new iced.Decoder(mode, bytes, iced.DecoderOptions.None);
  return decoder.decodeAll();
}

/** What is wrong with the mirrored text of each form, one line each. */
export function checkText(mode: Mode, forms: readonly Form[], folder: string): string[] {
  const wrong: string[] = [];
  const texts: { form: Form; mirrored: string }[] = [];
  for (const form of forms) {
    const made = rewrite('form.s', `\t${form.text}\n\tjmp\tout\n`, {
      profile: targets[mode].profile,
      callMirror: undefined,
      abi: 'none',
      breakAt: 0,
      allow: [],
      expand: { readInclude: () => undefined },
    });
    if (made.ok) texts.push({ form, mirrored: made.text });
    else if (!REFUSED[mode].test(form.text) && !refusedWrites.has(form.effects.base))
      wrong.push(`${form.text}: ${made.diagnostics[0]?.message ?? ''}`);
  }
  const size = 512;
  const source = join(folder, 'structure.s');
  const jump = (text: string): string => text.replace(/\tjmp\tout\n/g, '');
  writeFileSync(
    source,
    `\t.set middle, 0\n${texts
      .map(
        ({ form, mirrored }, i) =>
          `\t.balign ${size},0xcc\n${jump(mirrored).replaceAll('.Lmirror', `.L${i}_`)}\n\t.balign ${size},0xcc\n\t${form.text}\n`,
      )
      .join('')}\t.balign ${size},0xcc\n`,
  );
  const object = join(folder, 'structure.o');
  execFileSync('as', [`--${mode}`, '--no-warn', '-o', object, source]);
  execFileSync('objcopy', ['-O', 'binary', '-j', '.text', object, `${object}.bin`]);
  const bytes = readFileSync(`${object}.bin`);
  texts.forEach(({ form }, i) => {
    const found = decodeAll(mode, bytes.subarray(2 * i * size, (2 * i + 1) * size));
    const [native] = decodeAll(mode, bytes.subarray((2 * i + 1) * size, (2 * i + 2) * size));
    if (native === undefined) return;
    // Of a call the called function stores the return address.
    if (form.kind === 'call' && profiles[targets[mode].profile].callMirrors[0] === 'callee') return;
    const own = !form.text.includes(`%${targets[mode].threadSegment}:`);
    const twins = found.filter((instruction) => instruction.code === native.code);
    const mirror = found.find((instruction) => isMirror(mode, instruction));
    if (mirror === undefined && form.kind !== 'line-to-register')
      return void wrong.push(`${form.text}: nothing is stored to the mirror`);
    if (form.kind === 'store' || form.kind === 'scatter') {
      const [first, last] = twins;
      if (twins.length !== 2 || first === undefined || last === undefined)
        return void wrong.push(`${form.text}: ${twins.length} times`);
      if (!isMirror(mode, first)) wrong.push(`${form.text}: the mirror does not go first`);
      if (describe(mode, first, own) !== describe(mode, native, own))
        wrong.push(`${form.text}: the mirror differs`);
      if (describe(mode, last, true) !== describe(mode, native, true))
        wrong.push(`${form.text}: the native one differs`);
    }
    const masks = found.filter(
      (instruction) =>
        instruction.code === iced.Code.VEX_Kmovw_kr_r32 || instruction.code === iced.Code.VEX_Kmovw_r32_kr,
    );
    if (masks.length !== (form.kind === 'scatter' ? 2 : 0))
      wrong.push(`${form.text}: ${masks.length} moves of masks`);
    const [kept, back] = masks;
    if (form.kind === 'scatter' && kept && back) {
      if (
        kept.op1Register !== native.opMask ||
        back.op0Register !== native.opMask ||
        kept.op0Register !== back.op1Register
      )
        wrong.push(`${form.text}: another mask is kept`);
    }
  });
  return wrong;
}
