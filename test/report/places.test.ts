// The places of an object say where the rows of its listing lie: compared with a disassembler, at both word sizes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { INSERTED, OWN, placesOf, spanWords } from '../../src/report/places.js';
import type { Places } from '../../src/report/places.js';
import { mirrorcc } from '../hazards/toolchain.js';

const work = mkdtempSync(join(tmpdir(), 'mirrorasm-places-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const program = `
#include <string.h>
struct node { struct node *next; int value; long double wide; } nodes[8];
_Atomic int users;
_Thread_local int own;
static long cells[64];
char text[300];
double half;
__attribute__((noinline)) static int calls(int (*f)(int), int n) { own += n; return f(n) + f(n + 1); }
int link_all(int n) {
  struct node *last = 0;
  for (int i = 0; i < n; i++) { nodes[i & 7].next = last; nodes[i & 7].value += i; nodes[i & 7].wide *= 2; last = &nodes[i & 7]; }
  users++;
  return last ? last->value : 0;
}
__attribute__((section(".text.elsewhere"))) int elsewhere(int n) { cells[n & 63] ^= n; memset(text, n, sizeof text); return calls(link_all, n); }
int f(int n) { half = n / 2.0; for (int i = 0; i < n; i++) text[i] = (char)i; return elsewhere(n) + calls(elsewhere, n); }
`;
/** Prefixes and instructions that share lines; \`name\` tells of them in the listing. */
const assembly = (name: string): string => `	.text
	.type ${name}, @function
${name}:	incl	(%esp); nop; decl	(%esp)
	lock
	addl	$1, (%esp)
	.intel_syntax noprefix
	mov	dword ptr [esp], 5
	push	5
	.att_syntax
	rep; movsb	# copied
	ret
	.size ${name}, .-${name}
`;

/** Where each instruction of an object's sections is: section, place, mnemonic. */
function disassembled(object: string): Map<string, string> {
  const found = new Map<string, string>();
  const numbers = new Map<string, number>();
  for (const [, number = '', name = ''] of execFileSync('readelf', ['-SW', object], {
    encoding: 'utf8',
  }).matchAll(/^ *\[ *(\d+)\] (\.\S+)/gm))
    numbers.set(name, Number(number));
  let section = 0;
  for (const line of execFileSync('objdump', ['-dw', '--no-show-raw-insn', object], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  }).split('\n')) {
    const [, name] = /^Disassembly of section (.*):$/.exec(line) ?? [];
    if (name !== undefined) section = numbers.get(name) ?? -1;
    const [, at = '', text] = /^ +([0-9a-f]+):\t(.*)$/.exec(line) ?? [];
    if (text !== undefined) found.set(`${section} ${parseInt(at, 16)}`, text.trim());
  }
  return found;
}

interface Built {
  readonly object: string;
  readonly rows: readonly string[];
  readonly places: Places;
}

function build(name: string, source: string, options: readonly string[], helper = '1'): Built {
  const counts = mkdtempSync(join(work, 'counts-'));
  writeFileSync(join(work, name), source);
  const object = join(work, `${name}.o`);
  execFileSync(mirrorcc, ['-c', name, '-o', object, ...options], {
    cwd: work,
    env: { ...process.env, MIRROR_STATS: counts, MIRROR_STATS_TEXT: '1', MIRROR_HELPER: helper },
  });
  const left = (end: string): string =>
    gunzipSync(
      readFileSync(join(counts, readdirSync(counts).find((one) => one.endsWith(end)) ?? end)),
    ).toString('latin1');
  return {
    object,
    rows: left('.listing.gz').split('\n'),
    places: JSON.parse(left('.places.gz')) as Places,
  };
}

function spansOf({ spans }: Places): number[][] {
  return Array.from({ length: spans.length / spanWords }, (_, i) =>
    spans.slice(i * spanWords, (i + 1) * spanWords),
  );
}

/** Mnemonics as a disassembler may print them: without suffix, prefixes left out. */
const stem = (text: string): string =>
  text
    .replace(/^(?:[+ -]\s*)?(?:[\w$.]+:\s*)?(?:(?:lock|rep|notrack|bnd|data16)[\s;]+)*/, '')
    .replace(/\s.*$/s, '')
    .replace(/^(mov|movab|push|add|sub|inc|dec|call|xor|or|and|st|fstp|movs|ret|stos)[bwlqt]$/, '$1')
    .replace(/^movabs$/, 'mov');

describe.each(['-m64', '-m32'])('%s', (size) => {
  test.each(['-O0', '-O2', '-O2 -masm=intel -g'])('each instruction is where it is said: %s', (level) => {
    const { object, rows, places } = build('p.c', program, [size, ...level.split(' ')]);
    const code = disassembled(object);
    const spans = spansOf(places);
    const own = spans.filter(([, , , kind]) => kind === OWN);
    let kept = 0;
    for (const [section = 0, lo = 0, hi = 0, , row = 0] of own) {
      // The listing has it at the row, or behind what is inserted before it.
      let at = row;
      while (rows[at]?.startsWith('+')) at++;
      const text = code.get(`${section} ${lo}`);
      expect(text).toBeDefined();
      // What stands in place of one may be others.
      if (rows[at]?.startsWith(' ')) {
        kept++;
        expect({ row: rows[at], is: stem(text ?? '') }).toEqual({ row: rows[at], is: stem(rows[at] ?? '') });
      }
      // One instruction, to its last byte.
      for (let inside = lo + 1; inside < hi; inside++) expect(code.has(`${section} ${inside}`)).toBe(false);
      expect(code.has(`${section} ${hi}`)).toBe(true);
    }
    expect(kept).toBeGreaterThan(10);
    const inserted = spans.filter(([, , , kind]) => kind === INSERTED);
    expect(inserted.length).toBeGreaterThan(25);
    for (const [section = 0, lo = 0, , , row = 0] of inserted) {
      expect(code.has(`${section} ${lo}`)).toBe(true);
      expect(rows[row]).toMatch(/^[+ -]/);
    }
    expect(places.functions.map(([name]) => name)).toEqual(
      expect.arrayContaining(['f', 'elsewhere', 'link_all']),
    );
  });
});

test('lines of several statements, prefixes, Intel syntax', () => {
  const { rows, places, object } = build(
    'a.s',
    assembly('f').replaceAll('(%esp)', '(%rsp)').replace('[esp]', '[rsp]'),
    [],
  );
  const code = disassembled(object);
  const own = spansOf(places)
    .filter(([, , , kind]) => kind === OWN)
    .map(([section = 0, lo = 0, , , row = 0]) => [code.get(`${section} ${lo}`), rows[row]]);
  expect(own).toMatchInlineSnapshot(`
   [
     [
       "inc    %eax",
       "-f:	incl	(%rsp); nop; decl	(%rsp)",
     ],
     [
       "dec    %eax",
       "-f:	incl	(%rsp); nop; decl	(%rsp)",
     ],
     [
       "add    $0x1,%r11d",
       "-	addl	$1, (%rsp)",
     ],
     [
       "movl   $0x5,(%rsp)",
       "+	.att_syntax prefix",
     ],
     [
       "push   $0x5",
       "+	.att_syntax prefix",
     ],
     [
       "rep movsb %ds:(%rsi),%es:(%rdi)",
       "-	rep; movsb	# copied",
     ],
   ]
  `);
});

test('the same with and without the helper', () => {
  expect(build('p.c', program, ['-O2'], '0').places).toEqual(build('p.c', program, ['-O2']).places);
});

test('an object without marks tells no places', () => {
  const object = join(work, 'bare.o');
  writeFileSync(join(work, 'p.c'), program);
  execFileSync(mirrorcc, ['-c', 'p.c', '-o', object], { cwd: work });
  expect(placesOf(readFileSync(object))).toBe(undefined);
});
