// npm run test:guest: memory errors that Linux itself delivers, in a machine in software; ends with a table.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allCases } from './cases.js';
import type { Case } from './cases.js';
import { Guest } from './guest.js';
import { makeImage } from './image.js';
import { judge } from './judge.js';
import type { Result } from './judge.js';
import { caseTable, lossTable } from './table.js';

const usage = `npm run test:guest -- [options]

  --case=PATTERN  only cases whose name (64 heap native corrupt-pfn) matches this regular expression
  --repeat=N      each case so often
  --sample        only the part that CI runs
  --json=FILE     write the results
  --verbose       print what each program printed
`;

const nameOf = ({ bits, kind, copy, loss }: Case): string => `${bits} ${kind.name} ${copy} ${loss.name}`;

/** An error that may come between any two instructions comes more than once. */
const timesOf = ({ kind, loss }: Pick<Case, 'kind' | 'loss'>): number =>
  kind.asynchronous && !loss.late ? 6 : 1;

/** Each kind of memory by a touch, each way of losing a page for a few kinds. */
function inSample({ kind, copy, loss }: Case): boolean {
  if (loss.name === 'corrupt-pfn, late' || timesOf({ kind, loss }) > 1) return true;
  return copy === 'native' && ['frame', 'heap', 'thread-stack'].includes(kind.name);
}

function choose(): { cases: Case[]; json: string; verbose: boolean } {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', default: '' },
      repeat: { type: 'string', default: '1' },
      sample: { type: 'boolean', default: false },
      json: { type: 'string', default: '' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const pattern = new RegExp(values.case);
  const repeat = Number(values.repeat);
  if (!(Number.isInteger(repeat) && repeat > 0))
    throw new RangeError(`--repeat is a number, not '${values.repeat}'`);
  const chosen = allCases().filter((one) => pattern.test(nameOf(one)) && (!values.sample || inSample(one)));
  const cases = chosen.flatMap((one) => Array.from({ length: repeat * timesOf(one) }, () => one));
  if (cases.length === 0) throw new RangeError(`no case matches '${values.case}'`);
  return { cases, json: values.json, verbose: values.verbose };
}

function printRun({ case: one, wrong, ending }: Result, verbose: boolean): void {
  if (wrong.length > 0) process.stdout.write(`${nameOf(one)}: ${wrong.join('; ')}\n`);
  if (verbose || wrong.length > 0) process.stdout.write(`${ending.output}${ending.errors}`);
}

async function main(): Promise<void> {
  const { cases, json, verbose } = choose();
  const work = mkdtempSync(join(tmpdir(), 'mirrorasm-guest-'));
  let guest: Guest | undefined;
  const results: Result[] = [];
  const from = Date.now();
  try {
    const image = makeImage(work);
    process.stderr.write(`Linux ${image.version}, ${cases.length} cases\n`);
    for (const one of cases) {
      guest ??= await Guest.boot(image, work);
      let result: Result;
      try {
        result = judge(one, await guest.run(one));
      } catch (error) {
        // The machine is gone, or does not answer: the other cases get a new one.
        const failed = error instanceof Error ? error.message : String(error);
        result = judge(one, { output: '', errors: '', report: '', failed });
        await guest.end();
        guest = undefined;
      }
      results.push(result);
      printRun(result, verbose);
    }
  } finally {
    await guest?.end();
    rmSync(work, { recursive: true, force: true });
  }
  const bad = results.filter(({ wrong }) => wrong.length > 0);
  process.stdout.write(`\n${caseTable(results)}\n${lossTable(results)}\n`);
  const seconds = ((Date.now() - from) / 1000).toFixed(0);
  process.stdout.write(
    `${results.length - bad.length} as they have to be, ${bad.length} bad; ${seconds} s\n`,
  );
  if (json !== '')
    writeFileSync(
      json,
      JSON.stringify({
        good: results.length - bad.length,
        causes: [...new Set(results.map(({ cause }) => cause))].sort(),
        bad: bad.map(({ case: one, wrong }) => `${nameOf(one)}: ${wrong.join('; ')}`),
      }),
    );
  process.exitCode = bad.length > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`test:guest: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof RangeError || error instanceof TypeError ? 3 : 1;
}
