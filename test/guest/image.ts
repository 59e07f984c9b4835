// What the guest boots: Debian's kernel as its package has it, and an archive of static programs.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { debianDependency, debianFiles, root } from '../../scripts/tools.mjs';
import { parseElf } from '../../src/emulate/elf.js';
import type { Bits } from './cases.js';
import { cpio } from './cpio.js';

export interface Image {
  readonly kernel: string;
  /** The kernel's version. */
  readonly version: string;
  readonly initramfs: string;
  /** What the program asks for as its first argument: where mr_control is. */
  readonly control: Readonly<Record<Bits, string>>;
}

const programs = join(root, 'test/guest/programs');

/** @param work an empty folder that outlives the guest */
export function makeImage(work: string): Image {
  const { folder, version } = kernelPackage();
  const modules = join(folder, 'lib/modules', version, 'kernel');
  const init = join(work, 'init');
  execFileSync('musl-gcc', ['-static', '-O2', '-Wall', '-Werror', join(programs, 'init.c'), '-o', init]);
  const files = new Map([
    ['init', readFileSync(init)],
    ['hwpoison-inject.ko', readFileSync(join(modules, 'mm/hwpoison-inject.ko'))],
  ]);
  const control = { 64: '', 32: '' };
  for (const bits of [64, 32] as const) {
    const program = join(work, `victim${bits}`);
    const source = join(programs, 'victim.c');
    execFileSync(join(root, 'dist/mirrorcc.js'), [
      ...[`-m${bits}`, '-O1', '-w', '-pthread', source, '-o', program],
    ]);
    const bytes = readFileSync(program);
    const { symbols } = parseElf(bytes);
    const at = (name: string): number => {
      const found = symbols.find((symbol) => symbol.name === name);
      if (found === undefined) throw new Error(`${program} has no symbol ${name}`);
      return found.address;
    };
    control[bits] = (at('mr_control') - at('__ehdr_start')).toString(16);
    files.set(`victim${bits}`, bytes);
  }
  const initramfs = join(work, 'initramfs.gz');
  writeFileSync(initramfs, gzipSync(cpio(files), { level: 1 }));
  return { kernel: join(folder, 'boot', `vmlinuz-${version}`), version, initramfs, control };
}

/** linux-image-amd64 is empty: it depends on the package of the newest kernel. One that is unpacked already is as good. */
function kernelPackage(): { folder: string; version: string } {
  const name = debianDependency('linux-image-amd64', /^linux-image-.*-amd64$/);
  const folder = name === undefined ? undefined : debianFiles(name);
  if (folder === undefined) throw new Error('Debian has no package linux-image-amd64 for this machine');
  const kernels = existsSync(join(folder, 'boot')) ? readdirSync(join(folder, 'boot')) : [];
  const kernel = kernels.find((file) => file.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`${folder} holds no kernel`);
  return { folder, version: kernel.slice('vmlinuz-'.length) };
}
