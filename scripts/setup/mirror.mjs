// Makes the mirrored copy of natively built libraries: each object is known by its bytes, its recorded text (recorder.mjs) is rewritten and
// assembled in its place. An object without a text is an error, so nothing unmirrored gets in. Run as a script by `mirrorLibraries`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { quiet, root } from '../tools.mjs';

const script = fileURLToPath(import.meta.url);

/**
 * Copies a folder of libraries, mirrored.
 *
 * @param from folder with .a and .o files
 * @param texts folder of the recorder
 * @param to folder to make
 * @param profile profile of the pass
 */
export function mirrorLibraries(from, texts, to, profile) {
  quiet(process.execPath, [script, from, texts, to, profile]);
}

const ar = (cwd, ...args) => execFileSync('ar', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });

/** Unpacks an archive and gives its members as paths in the folder, in order; a second one of the same name gets a folder of its own. */
function unpack(archive, folder) {
  mkdirSync(folder);
  ar(folder, 'x', archive);
  const seen = new Map();
  const names = ar(folder, 't', archive).split('\n').filter(Boolean);
  for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
  const nth = new Map();
  return names.map((name) => {
    if (seen.get(name) === 1) return name;
    const count = (nth.get(name) ?? 0) + 1;
    nth.set(name, count);
    mkdirSync(join(folder, `${count}`), { recursive: true });
    ar(join(folder, `${count}`), 'xN', `${count}`, archive, name);
    return `${count}/${name}`;
  });
}

/** The texts of all objects of a library, which are unpacked in `folder`. */
function jobsFor(folder, names, texts) {
  return names.map((name) => {
    const object = join(folder, name);
    const text = join(texts, createHash('sha256').update(readFileSync(object)).digest('hex'));
    if (!existsSync(`${text}.s`)) throw new Error(`${object}: its assembly was not recorded`);
    return { object, text, size: statSync(`${text}.s`).size };
  });
}

/** Biggest first, each to the worker that has least. */
function shares(jobs, count) {
  const all = Array.from({ length: count }, () => ({ size: 0, jobs: [] }));
  for (const job of [...jobs].sort((a, b) => b.size - a.size)) {
    const least = all.reduce((a, b) => (b.size < a.size ? b : a));
    least.size += job.size + 4096;
    least.jobs.push(job);
  }
  return all.map((share) => share.jobs);
}

async function main([from, texts, to, profile]) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const jobs = [];
  const archives = [];
  for (const name of readdirSync(from).sort()) {
    if (name.endsWith('.o')) {
      cpSync(join(from, name), join(to, name));
      jobs.push(...jobsFor(to, [name], texts));
    } else if (name.endsWith('.a')) {
      const unpacked = join(to, `${name}.d`);
      const members = unpack(join(from, name), unpacked);
      jobs.push(...jobsFor(unpacked, members, texts));
      archives.push({ name, members, unpacked });
    }
  }
  if (jobs.length === 0) throw new Error(`${from}: there is no object to mirror`);
  await Promise.all(
    shares(jobs, Math.max(1, cpus().length)).map(
      (share) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(script, { workerData: { share, profile } });
          worker.on('error', reject);
          worker.on('exit', resolve);
        }),
    ),
  );
  for (const { name, members, unpacked } of archives) {
    ar(unpacked, 'qcs', join(to, name), ...members);
    rmSync(unpacked, { recursive: true });
  }
}

async function work({ share, profile }) {
  const { expandOptions, formatMessages, marker, rewrite } = await import(
    pathToFileURL(join(root, 'dist/libexec/pass.js')).href
  );
  for (const { object, text } of share) {
    const [abi, ...options] = readFileSync(`${text}.options`, 'utf8').trim().split(' ');
    const result = rewrite(basename(object), readFileSync(`${text}.s`, 'latin1'), {
      profile,
      abi,
      callMirror: undefined,
      breakAt: 0,
      allow: [],
      expand: expandOptions([], []),
    });
    if (!result.ok) throw new Error(`${text}.s\n${formatMessages(result.diagnostics)}`);
    execFileSync('as', [...options, '-o', object, '-'], {
      input: Buffer.from(marker + result.text, 'latin1'),
      stdio: ['pipe', 'inherit', 'inherit'],
    });
  }
}

if (!isMainThread) await work(workerData);
else if (process.argv[1] === script) await main(process.argv.slice(2));
