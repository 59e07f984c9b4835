// The compiler driver in one process: makes the plan of a command line and carries it out.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Refusal } from './arguments.js';
import { reportUnmirrored } from './linkmap.js';
import { CannotAsk, plan } from './plan.js';
import type { AssemblyStep, LinkCheck, Run } from './plan.js';

const exitRefused = 2;
const exitInternal = 1;

const dist = dirname(fileURLToPath(import.meta.url));

function fail({ code, message, note }: Refusal): number {
  process.stderr.write(`mirrorcc: error[${code}]: ${message}\nmirrorcc: note: ${note}\n`);
  return exitRefused;
}

function cannotRun(command: string, why: string): number {
  process.stderr.write(
    `mirrorcc: error: cannot run ${command}: ${why}\nmirrorcc: note: MIRROR_CC names the compiler\n`,
  );
  return exitInternal;
}

function ask(command: string, option: string): string {
  try {
    return execFileSync(command, [option], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new CannotAsk(command, error instanceof Error ? error.message : String(error));
  }
}

/** Runs the compiler. When our `as` refuses its input, the exit code is ours, not the one the compiler makes of it. */
function run({ command, args, variables, refusedFile }: Run): number {
  const { status, error, signal } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
  if (status !== 0 && existsSync(refusedFile)) return exitRefused;
  if (error) return cannotRun(command, error.message);
  return signal === null ? (status ?? exitInternal) : exitInternal;
}

function giveAssembly(steps: readonly AssemblyStep[], variables: Readonly<Record<string, string>>): number {
  for (const { compile, assemblerArgs } of steps) {
    const compiled = run(compile);
    if (compiled !== 0) return compiled;
    const { status } = spawnSync(join(dist, 'libexec/as'), assemblerArgs, {
      stdio: 'inherit',
      env: { ...process.env, ...variables },
    });
    if (status !== 0) return status ?? exitInternal;
  }
  return 0;
}

/** Names what has been linked and is not mirrored; where that is an error the program is removed. */
function checkLink(linked: LinkCheck): number {
  if (!existsSync(linked.map)) return 0;
  const { text, refused } = reportUnmirrored(readFileSync(linked.map, 'utf8'), linked);
  process.stderr.write(text);
  if (!refused) return 0;
  rmSync(linked.output, { force: true });
  return exitRefused;
}

/** Runs one command line of the driver and gives its exit code. */
export function drive(argv: readonly string[], defaultCompiler: 'gcc' | 'g++'): number {
  const scratch = mkdtempSync(join(tmpdir(), 'mirrorcc-'));
  try {
    const made = plan(argv, defaultCompiler, {
      dist,
      env: process.env,
      folder: process.cwd(),
      scratch,
      ask,
    });
    switch (made.kind) {
      case 'refuse':
        return fail(made.refusal);
      case 'assembly':
        return giveAssembly(made.steps, made.variables);
      case 'run': {
        const status = run(made.run);
        return status === 0 && made.run.linked !== undefined ? checkLink(made.run.linked) : status;
      }
    }
  } catch (error) {
    if (!(error instanceof CannotAsk)) throw error;
    return cannotRun(error.command, error.message);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
