// What the word size of a program decides in its build.

export type Bits = 32 | 64;

export interface Target {
  /** Folder of the mirrored libraries, below dist/sysroot. */
  readonly sysroot: string;
  /** Option that tells compiler and assembler. */
  readonly assembler: string;
  /** Code that is made where the user does not choose. */
  readonly compile: string;
  /** The objects around the user's, and the options that make a program of this kind. */
  readonly start: readonly string[];
  readonly end: readonly string[];
  readonly link: readonly string[];
  /** What to do when the libraries are not there. */
  readonly missing: string;
}

/** Ends a `-x LANGUAGE` of the user's, which would be that of the objects behind it, too. */
export const noLanguage: readonly string[] = ['-x', 'none'];

const setUp = 'run the set-up (npm run setup), or name its folder in MIRROR_SYSROOT';

const pieFiles = {
  start: ['rcrt1.o', 'crti.o', 'crtbeginS.o'],
  end: ['crtendS.o', 'crtn.o'],
  link: ['-static-pie'],
};

const x8664: Target = {
  sysroot: 'x86_64-linux',
  assembler: '--64',
  compile: '-fPIE',
  ...pieFiles,
  missing: setUp,
};

const i386: Target = {
  sysroot: 'i386-linux',
  assembler: '--32',
  // At a fixed address: there the image leaves room for all mirrors whatever else is random, and code keeps %ebx for itself.
  compile: '-fno-pie',
  start: ['crt1.o', 'crti.o', 'crtbeginT.o'],
  end: ['crtend.o', 'crtn.o'],
  link: ['-static', '-no-pie'],
  missing: `${setUp}; it builds 32-bit libraries where gcc -m32 works (Debian package gcc-multilib)`,
};

const i386Pie: Target = { ...i386, compile: '-fPIE', ...pieFiles };

/** @param pie whether a position-independent program is asked for; 64-bit programs have to be */
export function targetOf(bits: Bits, pie: boolean): Target {
  if (bits === 64) return x8664;
  return pie ? i386Pie : i386;
}
