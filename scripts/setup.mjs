// Makes a fresh clone ready: node packages, Debian packages, dist/, the runtime, the mirrored libc. Idempotent; node built-ins only.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cache, debianSource, hashOf, putStamp, quiet, root, stamped, step, sysroot } from './tools.mjs';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`mirrorasm needs Node.js 20 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write(
    `mirrorasm builds x86-64 Linux programs; this is ${process.platform} ${process.arch}\n`,
  );
  process.exit(1);
}

const needed = ['binutils', 'dpkg-dev', 'gcc', 'make', 'musl-tools', 'patch', 'time', 'xz-utils'];
const neededByTests = ['ccache', 'clang', 'g++', 'gdb', 'tcl'];

debianPackages();
nodePackages();
bundles();
libraries();

function debianPackages() {
  const wanted = process.argv.includes('--tests') ? [...needed, ...neededByTests].sort() : needed;
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

function nodePackages() {
  const stamp = join(root, 'node_modules/.mirrorasm-lock');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (stamped(stamp, lock)) return;
  step('node packages (npm ci)', () => quiet('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root }));
  putStamp(stamp, lock);
}

function bundles() {
  const stamp = join(root, 'dist/.bundles');
  const hash = hashOf(['src', 'grammar', 'scripts/build.mjs', 'package-lock.json'].map((p) => join(root, p)));
  if (stamped(stamp, hash) && existsSync(join(root, 'src/parse/generated/gas.ts'))) return;
  step('dist/', () => quiet(process.execPath, ['scripts/build.mjs'], { cwd: root }));
  putStamp(stamp, hash);
}

/** The runtime and a musl built by mirrorcc, kept in the cache by the hash of everything that makes them. */
function libraries() {
  const musl = debianSource('musl');
  const hash =
    hashOf(
      ['dist/libexec/as.js', 'dist/mirrorcc.js', 'runtime', 'scripts/setup.mjs'].map((p) => join(root, p)),
    ) + musl.replace(/.*-/, '-');
  const stamp = join(sysroot, '.hash');
  if (stamped(stamp, hash)) return;
  const cached = join(cache, 'sysroot', hash);
  if (!existsSync(cached)) {
    const partial = `${cached}.${process.pid}.partial`;
    mkdirSync(join(partial, 'lib'), { recursive: true });
    step('runtime', () => quiet('sh', [join(root, 'runtime/build.sh'), 'gcc', join(partial, 'lib')]));
    step('mirrored libc (musl)', () => buildMusl(musl, partial));
    renameSync(partial, cached);
  }
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(sysroot, { recursive: true });
  cpSync(cached, sysroot, { recursive: true });
  putStamp(stamp, hash);
}

function buildMusl(source, prefix) {
  const work = `${prefix}.build`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const env = { ...process.env, MIRROR_SYSROOT: 'none' };
  const options = { cwd: work, env };
  quiet(
    join(source, 'configure'),
    [
      `--prefix=${prefix}`,
      `--syslibdir=${prefix}/lib`,
      '--disable-shared',
      '--disable-wrapper',
      `CC=${join(root, 'dist/mirrorcc.js')}`,
      'CFLAGS=-O2 -fPIE',
    ],
    options,
  );
  quiet('make', [`-j${cpus().length}`, 'install-libs', 'install-headers'], options);
  rmSync(work, { recursive: true, force: true });
}
