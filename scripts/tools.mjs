// Shared by the set-up, the demo and the benchmarks: steps with progress, content hashes, cached sources. Node built-ins only.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mirrorasm');
/** Folder of the mirrored libraries of a target. */
export const sysrootOf = (name) => join(root, 'dist/sysroot', name);

/** Runs one slow step and says how long it took. */
export function step(title, work) {
  process.stderr.write(`${title} ... `);
  const from = Date.now();
  const result = work();
  process.stderr.write(`${((Date.now() - from) / 1000).toFixed(1)} s\n`);
  return result;
}

/** Runs a command quietly; on failure shows the end of what it printed and stops. */
export function quiet(command, args, options = {}) {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
      ...options,
    });
  } catch (error) {
    const printed = `${error.stdout ?? ''}${error.stderr ?? ''}`.split('\n').slice(-30).join('\n');
    process.stderr.write(`failed: ${command} ${args.join(' ')}\n${printed}\n`);
    process.exit(1);
  }
}

/** Hash of files and folders (recursively), by content and path below `base`, and of a text. */
export function hashOf(paths, text = '', base = root) {
  const hash = createHash('sha256').update(text);
  const add = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(path.slice(base.length)).update('\0').update(readFileSync(path)).update('\0');
  };
  paths.forEach(add);
  return hash.digest('hex').slice(0, 24);
}

/** True when `stamp` holds `value`. */
export function stamped(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === value;
}

export function putStamp(stamp, value) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, value);
}

/**
 * The folder of gcc's own source, of the version that the installed gcc has; undefined where Debian has no package of it. Only `parts`
 * (folders and files of the tree) are unpacked: the whole is a gigabyte.
 */
export function gccSource(parts) {
  const [major = ''] = execFileSync('gcc', ['-dumpfullversion'], { encoding: 'utf8' }).trim().split('.');
  const name = `gcc-${major}-source`;
  const folder = join(cache, 'sources', name);
  const tarball = () => {
    const inside = join(folder, `usr/src/gcc-${major}`);
    if (!existsSync(inside)) return undefined;
    const file = readdirSync(inside).find((entry) => /^gcc-[0-9].*\.tar\.xz$/.test(entry));
    return file === undefined ? undefined : join(inside, file);
  };
  if (tarball() === undefined && !unpackPackage(name, folder)) return undefined;
  const file = tarball();
  if (file === undefined) throw new Error(`${name} holds no source of gcc`);
  const tree = join(folder, 'tree');
  const missing = parts.filter((part) => !existsSync(join(tree, part)));
  if (missing.length > 0)
    step(`unpacking ${missing.join(', ')} of gcc`, () => {
      const top = basename(file).replace(/(-dfsg)?\.tar\.xz$/, '');
      const partial = join(folder, `partial.${process.pid}`);
      mkdirSync(partial, { recursive: true });
      quiet('tar', ['-xf', file, '-C', partial, ...missing.map((part) => `${top}/${part}`)]);
      for (const part of missing) {
        mkdirSync(dirname(join(tree, part)), { recursive: true });
        renameSync(join(partial, top, part), join(tree, part));
      }
      rmSync(partial, { recursive: true });
    });
  return tree;
}

/** The files of the Debian binary package `name`, unpacked in the cache; nothing is installed. undefined where Debian has no such package. */
export function debianFiles(name) {
  const folder = join(cache, 'packages', name);
  return existsSync(folder) || unpackPackage(name, folder) ? folder : undefined;
}

/** The files of a package on npm, of one version whose archive has this hash, unpacked in the cache; nothing is installed. undefined where it cannot be had. */
export function npmFiles(name, version, integrity) {
  const folder = join(cache, 'packages', `npm-${name}-${version}`);
  if (existsSync(folder)) return join(folder, 'package');
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', partial, `${name}@${version}`]);
  const [file] = readdirSync(partial);
  const hash =
    file &&
    createHash('sha512')
      .update(readFileSync(join(partial, file)))
      .digest('base64');
  if (packed.status !== 0 || `sha512-${hash}` !== integrity) {
    rmSync(partial, { recursive: true });
    return undefined;
  }
  quiet('tar', ['-xzf', join(partial, file), '-C', partial]);
  rmSync(join(partial, file));
  renameSync(partial, folder);
  return join(folder, 'package');
}

/** The package on which the Debian package `name` depends whose name matches; of those unpacked already the newest. */
export function debianDependency(name, pattern) {
  const folder = join(cache, 'packages');
  const present = existsSync(folder) ? readdirSync(folder).filter((entry) => pattern.test(entry)) : [];
  const newest = present.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest !== undefined) return newest;
  const listed = spawnSync('apt-cache', [...updatedApt(), 'depends', name], { encoding: 'utf8' }).stdout;
  return [...listed.matchAll(/^ *Depends: (\S+)$/gm)].map(([, one]) => one).find((one) => pattern.test(one));
}

/** Downloads a Debian package and unpacks it into `folder`; false when there is none of that name. */
function unpackPackage(name, folder) {
  const archives = join(cache, 'apt/archives');
  const options = updatedApt();
  const known = spawnSync('apt-cache', [...options, 'show', name], { encoding: 'utf8' });
  if (known.status !== 0 || !known.stdout.includes('Package:')) return false;
  step(`Debian package ${name}`, () => {
    quiet('apt-get', [...options, 'download', name], { cwd: archives });
    const file = readdirSync(archives).find((entry) => entry.startsWith(`${name}_`)) ?? '';
    const partial = `${folder}.${process.pid}.partial`;
    mkdirSync(dirname(folder), { recursive: true });
    quiet('dpkg-deb', ['-x', join(archives, file), partial]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    rmSync(join(archives, file));
  });
  return true;
}

/**
 * The unpacked Debian source package `name`, from the cache or fetched with `apt-get source`: the newest version whose files can be had
 * (a mirror may list an update before it holds all of it).
 */
export function debianSource(name) {
  const folder = join(cache, 'sources');
  mkdirSync(folder, { recursive: true });
  const unpacked = () =>
    readdirSync(folder).find(
      (entry) => entry.startsWith(`${name}-`) && statSync(join(folder, entry)).isDirectory(),
    );
  const present = unpacked();
  if (present) return join(folder, present);
  step(`Debian source package ${name}`, () => {
    const options = updatedApt();
    const listed = quiet('apt-cache', [...options, 'showsrc', '--only-source', name]);
    const versions = [...new Set([...listed.matchAll(/^Version: (\S+)$/gm)].map((found) => found[1] ?? ''))];
    versions.sort((a, b) => (spawnSync('dpkg', ['--compare-versions', a, 'gt', b]).status === 0 ? -1 : 1));
    const errors = versions.map((version) => {
      if (unpacked()) return '';
      const { status, stderr } = spawnSync('apt-get', [...options, 'source', `${name}=${version}`], {
        cwd: folder,
        encoding: 'utf8',
      });
      return status === 0 ? '' : `${version}: ${stderr}`;
    });
    if (!unpacked()) throw new Error(`apt-get source ${name}: ${errors.join('\n') || 'not listed'}`);
  });
  const fetched = unpacked();
  if (!fetched) throw new Error(`apt-get source ${name} left no folder in ${folder}`);
  return join(folder, fetched);
}

/** Options of apt-get for lists of our own, freshly updated. The machine's own sources are read, not changed, and no privilege is needed. */
function updatedApt() {
  const apt = join(cache, 'apt');
  mkdirSync(join(apt, 'lists/partial'), { recursive: true });
  mkdirSync(join(apt, 'parts'), { recursive: true });
  mkdirSync(join(apt, 'archives/partial'), { recursive: true });
  writeSourceLists(join(apt, 'parts'));
  const options = [
    '-o',
    'Dir::Etc::sourcelist=/dev/null',
    '-o',
    `Dir::Etc::sourceparts=${join(apt, 'parts')}`,
    '-o',
    `Dir::State::lists=${join(apt, 'lists')}`,
    '-o',
    `Dir::Cache=${apt}`,
  ];
  quiet('apt-get', [...options, 'update']);
  return options;
}

function writeSourceLists(parts) {
  const isDebian = (text) => /debian/i.test(text);
  const folder = '/etc/apt/sources.list.d';
  const paths = [
    '/etc/apt/sources.list',
    ...(existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => join(folder, name))
      : []),
  ];
  let entries = '';
  let stanzas = '';
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    if (path.endsWith('.sources')) {
      for (const stanza of text.split(/\n\s*\n/))
        if (isDebian(stanza) && /^Types:.*\bdeb\b/m.test(stanza))
          stanzas += `${stanza
            .replace(/^#.*\n/gm, '')
            .replace(/^Types:.*$/m, 'Types: deb deb-src')
            .trim()}\n\n`;
    } else {
      for (const line of text.split('\n'))
        if (/^deb\s/.test(line) && isDebian(line))
          entries += `${line}\n${line.replace(/^deb\s/, 'deb-src ')}\n`;
    }
  }
  writeFileSync(join(parts, 'mirrorasm.list'), entries);
  writeFileSync(join(parts, 'mirrorasm.sources'), stanzas);
}
