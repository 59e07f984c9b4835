// Mirrored shared objects at the link. The wrappers of library functions and the runtime are in the program alone, under hidden names: a shared object has
// a jump to each that it uses, through `__mirrored_NAME`, and the program exports that.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const exported = '__mirrored_';

const dynamicSymbols = (file: string): string =>
  spawnSync('readelf', ['--dyn-syms', '-W', file], { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;

/** `     7: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND getenv@GLIBC_2.2.5 (3)`: functions that another object has to give. */
const undefinedFunction = /^ +\d+: 0+ +\d+ (?:FUNC|NOTYPE|IFUNC) +(GLOBAL|WEAK) +\w+ +UND ([^@\s]+)(@?)/gm;
const definedFunction =
  /^ +\d+: [0-9a-f]+ +\d+ (?:FUNC|NOTYPE|IFUNC) +(?:GLOBAL|WEAK) +DEFAULT +\d+ ([^@\s]+)/gm;

export interface Import {
  readonly name: string;
  /** A library that was linked has it, under a version. */
  readonly versioned: boolean;
}

/** The functions of other objects that one calls. Weak ones count where a library has them. */
export const importsOf = (file: string): readonly Import[] =>
  [...dynamicSymbols(file).matchAll(undefinedFunction)].flatMap(([, binding, name = '', version]) =>
    binding === 'WEAK' && version === '' ? [] : [{ name, versioned: version !== '' }],
  );

export interface SharedObject {
  /** What it wants of the program: names of library functions, of the runtime. */
  readonly wants: readonly string[];
  readonly defines: ReadonlySet<string>;
}

/** The mirrored ones among the shared objects that a link has read. */
export function sharedObjects(linkMap: string): readonly SharedObject[] {
  const files = new Set([...linkMap.matchAll(/^LOAD (.*\.so[.\d]*)$/gm)].map(([, file = '']) => file));
  const noted = (file: string): boolean =>
    spawnSync('readelf', ['-n', '-W', file], { encoding: 'utf8' }).stdout.includes('mirrorasm');
  return [...files].filter(noted).map((file) => {
    const text = dynamicSymbols(file);
    return {
      wants: [...text.matchAll(undefinedFunction)]
        .map(([, , name = '']) => name)
        .filter((name) => name.startsWith(exported))
        .map((name) => name.slice(exported.length)),
      defines: new Set([...text.matchAll(definedFunction)].map(([, name = '']) => name)),
    };
  });
}

/** The same from what the linker says of references in shared objects that nobody satisfies. */
export const wantsTold = (messages: string): readonly string[] =>
  [...messages.matchAll(/undefined reference to `__mirrored_(\w+)'/g)].map(([, name = '']) => name);

/** What the wrappers and the runtime's entries are called where they are. */
const inProgram = (name: string): string => (name.startsWith('__mirror_') ? name : `__wrap_${name}`);

const jump = (name: string, hidden: boolean, to: string): string =>
  [
    ...[`\t.globl\t${name}`, hidden ? `\t.hidden\t${name}` : '', `\t.type\t${name}, @function`, `${name}:`],
    ...['\t.cfi_startproc', '\tendbr64', `\tjmp\t${to}`, '\t.cfi_endproc', `\t.size\t${name}, .-${name}`, ''],
  ].join('\n');

function assembled(text: string, scratch: string): string {
  const object = join(scratch, 'jumps.o');
  const source = join(scratch, 'jumps.s');
  writeFileSync(source, `\t.text\n${text}\t.section\t.note.GNU-stack,"",@progbits\n`);
  const { status, stderr } = spawnSync(process.env['MIRROR_AS'] ?? 'as', ['--64', '-o', object, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`as: ${stderr}`);
  return object;
}

/** An object for the program, which exports `names`. */
export const exportsOf = (names: readonly string[], scratch: string): string =>
  assembled(names.map((name) => jump(exported + name, false, inProgram(name))).join(''), scratch);

/** An object for a shared object, which uses them. No flag and no register is changed on the way, and the stack is as it was. */
export const usesOf = (names: readonly string[], scratch: string): string =>
  assembled(
    names.map((name) => jump(inProgram(name), true, `*${exported}${name}@GOTPCREL(%rip)`)).join(''),
    scratch,
  );
