// npm run campaigns: real programs lose pages while they work; ends with the table of docs/recovery.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/tools.mjs';
import { isBad } from '../../src/inject/campaign.js';
import type { Campaign } from '../../src/inject/campaign.js';
import { caseOf } from '../programs/measure.js';
import { programs } from '../programs/rows.js';
import { buildSide } from '../suites/run.js';
import { redisRun } from './redis.js';
import { works } from './rows.js';
import type { Work } from './rows.js';

const names = ['redis', ...works.map(({ name }) => name)];
const usage = `npm run campaigns -- [NAME ...] [options]

  NAME         ${names.join(', ')} (default: all)
  --seeds=A-B  one run of each program a seed (default: 1-40); for redis, the first is the seed
  --errors=N   pages to lose in a run (default: 10)
  --redis=N    pages that redis loses (default: 500)
  --rate=N     of them a second (default: 10)
`;

interface Row {
  readonly name: string;
  readonly runs: number;
  readonly errors: number;
  readonly rebuilt: number;
  readonly bad: number;
  readonly note: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1-40' },
    errors: { type: 'string', default: '10' },
    redis: { type: 'string', default: '500' },
    rate: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});

/** Builds a program of test/programs with mirrorcc; gives the folder it is in. */
async function built(name: string, folder: string): Promise<string> {
  const program = programs().find((one) => one.name === name);
  if (program === undefined) throw new RangeError(`no program '${name}'`);
  process.stderr.write(`building ${name} ...\n`);
  const { error } = await buildSide(caseOf(program, 64), 'mirrored', join(folder, name));
  if (error !== '') throw new Error(`${name}: ${error}`);
  return join(folder, name, 'work');
}

function compiled(name: string, folder: string): string {
  const work = join(folder, name);
  mkdirSync(work, { recursive: true });
  run(
    join(root, 'dist/mirrorcc'),
    ['-O2', '-pthread', join(root, `test/campaigns/programs/${name}.c`), '-o', name],
    work,
  );
  return work;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function campaign(work: Work, folder: string): Row {
  const json = join(folder, `${work.name}.json`);
  run('sh', ['-ec', `. ${root}/test/programs/prelude.sh\n${work.prepare}`], folder);
  const options = [`--seeds=${values.seeds}`, `--errors=${values.errors}`, `--json=${json}`];
  if (work.ignore !== undefined) options.push(`--ignore=${work.ignore}`);
  if (work.stdin !== undefined) options.push(`--stdin=${work.stdin}`);
  const command = work.command.map((word) => word.replace('PROGRAMS', join(root, 'test/campaigns/programs')));
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'dist/mirrorasm.js'), 'campaign', ...options, '--', ...command],
    // At the end both copies of every page are read: none stays lost unseen.
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, MIRROR_CHECK: 'exit' } },
  );
  if (status !== 0 && status !== 1) throw new Error(`${work.name}: mirrorasm campaign ended with ${status}`);
  const { runs } = JSON.parse(readFileSync(json, 'utf8')) as Campaign;
  return {
    name: work.name,
    runs: runs.length,
    errors: runs.reduce((sum, { errors }) => sum + errors.length, 0),
    rebuilt: runs.reduce((sum, { recovered }) => sum + recovered, 0),
    bad: runs.filter(isBad).length,
    note: '',
  };
}

async function redis(folder: string): Promise<Row> {
  const work = await built('redis', folder);
  const seed = parseInt(values.seeds);
  const done = await redisRun(
    join(work, 'src/redis-server'),
    folder,
    seed,
    Number(values.redis),
    Number(values.rate),
  );
  const bad = done.exitCode !== 0 || done.wrong > 0 || done.lost > 0 || done.bytesDiffering > 0;
  return {
    name: 'redis',
    runs: 1,
    errors: done.errors,
    rebuilt: done.recovered,
    bad: Number(bad),
    note:
      `${done.acknowledged} requests acknowledged, ${done.readBack} values read back, ${done.wrong} wrong; ` +
      `exit code ${done.exitCode}, ${done.bytesDiffering} of ${done.bytesChecked} bytes differ, ` +
      `${done.callsNotRetried} calls not done again`,
  };
}

async function rowOf(name: string, folder: string): Promise<Row> {
  if (name === 'redis') return redis(folder);
  const work = works.find((one) => one.name === name);
  if (work === undefined) throw new RangeError(`no such program: ${name}`);
  return campaign(
    work,
    work.program === null ? compiled(work.name, folder) : await built(work.program, folder),
  );
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'mirrorasm-campaigns-'));
  const rows: Row[] = [];
  try {
    for (const name of positionals.length > 0 ? positionals : names) rows.push(await rowOf(name, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const cells = [
    ['program', 'runs', 'pages lost', 'rebuilt', 'runs that went wrong', ''],
    ['---', '---', '---', '---', '---', '---'],
    ...rows.map(({ name, runs, errors, rebuilt, bad, note }) => [name, runs, errors, rebuilt, bad, note]),
  ];
  process.stdout.write(cells.map((row) => `| ${row.join(' | ')} |\n`).join(''));
  process.exitCode = rows.some(({ bad, errors }) => bad > 0 || errors === 0) ? 1 : 0;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 3;
}
