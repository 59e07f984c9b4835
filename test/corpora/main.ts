// npm run corpora: checks every file of every corpus, or of those named, on all processors, and prints the table.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianSource } from '../../scripts/tools.mjs';
import { check } from './check.js';
import type { CorpusFile, Refusals, Result } from './check.js';
import { meant, withoutPattern } from './refusals.js';
import { corpora, filesOf } from './sources.js';

interface Answer {
  readonly file: CorpusFile;
  readonly result: Result;
}

function work(): void {
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-corpora-'));
  parentPort?.on('message', (file: CorpusFile | null) => {
    if (file === null) {
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
    }
    parentPort?.postMessage({ file, result: check(file, folder) } satisfies Answer);
  });
}

/** Files checked at a time: MIRRORASM_JOBS, or one a processor. */
const jobs = Number(process.env['MIRRORASM_JOBS']) || availableParallelism();

async function checkAll(files: readonly CorpusFile[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: jobs }, () => {
      const worker = new Worker(process.argv[1] ?? '');
      return new Promise<void>((resolve, reject) => {
        const give = (): void => worker.postMessage(files[next++] ?? null);
        worker.on('error', reject);
        worker.on('exit', () => resolve());
        worker.on('message', (answer: Answer) => {
          answers.push(answer);
          if (process.stderr.isTTY) process.stderr.write(`\r${answers.length} of ${files.length} `);
          give();
        });
        give();
      });
    }),
  );
  return answers;
}

async function main(names: readonly string[]): Promise<void> {
  const chosen = corpora.filter(
    (corpus) => names.length === 0 || names.some((name) => corpus.name.startsWith(name)),
  );
  let bad = 0;
  const row = (...cells: readonly (string | number)[]): void => {
    process.stdout.write(
      `${String(cells[0]).padEnd(24)}${cells
        .slice(1)
        .map((cell) => String(cell).padStart(14))
        .join('')}\n`,
    );
  };
  const reasons = new Map<string, Refusals>();
  row(
    'corpus',
    'files',
    'not for as',
    'statements',
    'instructions',
    'refused',
    'no pattern',
    'gaps',
    'wrong files',
  );
  for (const corpus of chosen) {
    let files: readonly CorpusFile[];
    try {
      files = filesOf(corpus, debianSource(corpus.source));
    } catch (error) {
      process.stdout.write(
        `${corpus.name}: cannot be made: ${error instanceof Error ? error.message : String(error)}\n`,
      );
      bad++;
      continue;
    }
    const answers = await checkAll(files);
    let refused = 0;
    let unmirrored = 0;
    let gaps = 0;
    const wrong = answers.filter(({ result }) => result.wrong.length > 0);
    for (const { result } of answers)
      for (const [reason, { count, example }] of result.refused) {
        refused += count;
        if (withoutPattern(reason)) unmirrored += count;
        else if (meant(reason) === undefined) gaps += count;
        const known = reasons.get(reason) ?? { count: 0, example };
        reasons.set(reason, { ...known, count: known.count + count });
      }
    const sum = (key: 'statements' | 'instructions'): number =>
      answers.reduce((all, { result }) => all + result[key], 0);
    const foreign = answers.filter(({ result }) => result.foreign).length;
    row(
      corpus.name,
      answers.length - foreign,
      foreign,
      sum('statements'),
      sum('instructions'),
      refused,
      unmirrored,
      gaps,
      wrong.length,
    );
    for (const { file, result } of wrong)
      process.stdout.write(`  wrong: ${file.path}: ${result.wrong.join('; ')}\n`);
    bad += wrong.length + gaps;
    if (answers.length === foreign) bad++;
  }
  process.stdout.write('\nrefused, by reason (* meant: refusals.ts says why; + known, no pattern yet)\n');
  for (const [reason, { count, example }] of [...reasons].sort((a, b) => b[1].count - a[1].count))
    process.stdout.write(
      `${String(count).padStart(9)} ${withoutPattern(reason) ? '+' : meant(reason) === undefined ? ' ' : '*'} ${reason}\n           ${example}\n`,
    );
  process.exitCode = bad > 0 ? 1 : 0;
}

if (isMainThread) await main(process.argv.slice(2));
else work();
