// Golden cases: a title line, the main text, files to include behind `@@ NAME` lines, `>>>`, the expected expansion or problem; `---`
// between cases. Flags in the title: `defsym=a=1,b=2`, `origins` (say where each line came from), `refused` (GNU as takes it, we do not).
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Case {
  title: string;
  input: string;
  expected: string;
  main: string;
  files: ReadonlyMap<string, string>;
  defsym: string[];
  defsymValues: ReadonlyMap<string, bigint>;
  showOrigins: boolean;
  mayRefuse: boolean;
}

export const folder = join(__dirname, 'cases');

function readCase(block: string): Case {
  const [head = '', expected = ''] = block.split(/^>>>\n/m);
  const newline = head.indexOf('\n');
  const title = head.slice(0, newline);
  const input = head.slice(newline + 1);
  const [main = '', ...rest] = input.split(/^@@ (.+)\n/m);
  const files = new Map<string, string>();
  for (let i = 0; i + 1 < rest.length; i += 2) files.set(rest[i] ?? '', rest[i + 1] ?? '');
  const defsym = /\bdefsym=(\S+)/.exec(title)?.[1]?.split(',') ?? [];
  return {
    title,
    input,
    expected,
    main,
    files,
    defsym,
    defsymValues: new Map(
      defsym.map((pair) => [pair.split('=')[0] ?? '', BigInt(pair.split('=')[1] ?? '0')]),
    ),
    showOrigins: /\borigins\b/.test(title),
    mayRefuse: /\brefused\b/.test(title),
  };
}

export function readCases(): { file: string; cases: Case[] }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((file) => ({
      file,
      cases: readFileSync(join(folder, file), 'utf8')
        .split(/^---\n/m)
        .map(readCase),
    }));
}

/** Runs with the case's files in a folder. */
export function withFiles<T>(c: Case, work: (cwd: string) => T): T {
  const cwd = mkdtempSync(join(tmpdir(), 'mirrorasm-case-'));
  try {
    for (const [name, text] of c.files) {
      mkdirSync(dirname(join(cwd, name)), { recursive: true });
      writeFileSync(join(cwd, name), text);
    }
    return work(cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
