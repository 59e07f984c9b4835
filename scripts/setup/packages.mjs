// What has to be there before anything can be built: Debian packages, node packages, dist/. Node built-ins only.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, putStamp, quiet, root, stamped, step } from '../tools.mjs';

const needed = [
  'binutils',
  'dpkg-dev',
  'gcc',
  'libc6-dev',
  'make',
  'musl-tools',
  'patch',
  'time',
  'xz-utils',
];
const neededByTests = [
  ...['autoconf', 'automake', 'ccache', 'chromium', 'clang', 'cmake', 'distcc', 'g++', 'gcc-multilib'],
  ...['gdb', 'meson', 'ninja-build', 'qemu-system-x86', 'tcl'],
];

const neededByBench = ['cmake', 'g++', 'gcc-multilib', 'wrk'];

export function debianPackages() {
  const wanted = [
    ...needed,
    ...(process.argv.includes('--tests') ? neededByTests : []),
    ...(process.argv.includes('--bench') ? neededByBench : []),
    ...(process.argv.includes('--c++') ? ['g++'] : []),
  ];
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted], {
    encoding: 'utf8',
  });
  const installed = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  const missing = wanted.filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    process.stderr.write(`Debian packages are missing. As root, run:\n  ${line}\n`);
    process.exit(1);
  }
  step(`Debian packages ${missing.join(' ')}`, () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    quiet('apt-get', ['update'], { env });
    quiet('apt-get', line.split(' ').slice(1), { env });
  });
}

export function nodePackages() {
  const stamp = join(root, 'node_modules/.mirrorasm-lock');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (stamped(stamp, lock)) return;
  step('node packages (npm ci)', () => quiet('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root }));
  putStamp(stamp, lock);
}

/** @param always also where nothing has changed */
export function bundles(always) {
  const stamp = join(root, 'dist/.bundles');
  const parts = ['src', 'grammar', 'scripts/build.mjs', 'scripts/build', 'package-lock.json'];
  // V8's caches are of one version of node.
  const hash = hashOf(
    parts.map((p) => join(root, p)),
    process.version,
  );
  if (!always && stamped(stamp, hash) && existsSync(join(root, 'src/parse/generated/gas.ts'))) return;
  step('dist/', () => quiet(process.execPath, ['scripts/build.mjs'], { cwd: root }));
  putStamp(stamp, hash);
}
