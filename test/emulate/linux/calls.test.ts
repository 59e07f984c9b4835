// Calls of files, sockets and the process: what a program sees is what it sees on the CPU, and what is not there is told as Linux tells it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loaded, native32, Workshop } from '../build.js';

const shop = new Workshop();
afterAll(() => shop.remove());
const sources = {
  sockets: 'sockets.c',
  attributes: 'attributes.c',
  timers: 'timers.c',
  waits: 'waits.c',
};
const source = (name: keyof typeof sources): string => join(__dirname, '../programs', sources[name]);

const builds = [
  ['64 bits', (name: keyof typeof sources) => shop.native(`${name}64`, [source(name)], ['-w', '-pthread'])],
  ['32 bits', (name: keyof typeof sources) => native32(shop, `${name}32`, [source(name)], ['-w'])],
  ['mirrored', (name: keyof typeof sources) => shop.mirrored(`${name}m`, [source(name)], ['-w', '-pthread'])],
] as const;

test.each(builds)('sockets, pipes, poll, %s: as on the CPU', (_, build) => {
  const program = build('sockets');
  const native = spawnSync(program, { encoding: 'utf8' });
  expect(native.stdout).toMatch(/clients 6\n[^]*signals 2\n$/);
  for (const seed of [1, 2, 3]) {
    const { machine, output } = loaded(program, { seed, slice: seed === 1 ? 1000 : 20 });
    expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(native.stdout);
  }
});

test.each(builds)('attributes, limits, identity, %s: as on the CPU', (_, build) => {
  const program = build('attributes');
  const folder = mkdtempSync(join(shop.folder, 'files-'));
  const native = spawnSync(program, [folder], { encoding: 'utf8' });
  expect(native.status).toBe(0);
  rmSync(folder, { recursive: true });
  const { machine, output } = loaded(program, { args: ['program', '/tmp'] });
  expect(machine.run()).toEqual({ kind: 'exit', code: 0 });
  expect(output().replaceAll('/tmp', folder)).toBe(native.stdout);
});

test.each(builds)('timers, %s: as on the CPU', (_, build) => {
  const program = build('timers');
  const native = spawnSync(program, { encoding: 'utf8' });
  expect(native.stdout).toMatch(/waits: 8 1\n$/);
  const { machine, output } = loaded(program);
  expect(machine.run(300_000_000)).toEqual({ kind: 'exit', code: 0 });
  expect(output()).toBe(native.stdout);
});

test.each(builds)('epoll, counters, files in messages, FIFOs, masks, %s: as on the CPU', (_, build) => {
  const program = build('waits');
  const fifo = join(shop.folder, 'fifo');
  const native = spawnSync(program, [fifo], { encoding: 'utf8' });
  expect(native.stdout).toMatch(/priority: 0 5 1\n$/);
  for (const seed of [1, 2]) {
    const { machine, output } = loaded(program, { args: ['program', '/tmp/fifo'], seed });
    expect(machine.run(300_000_000)).toEqual({ kind: 'exit', code: 0 });
    expect(output()).toBe(native.stdout);
  }
});

test('a family that is not there', () => {
  const program = shop.native(
    'family',
    [
      shop.written(
        'family.c',
        `#include <errno.h>\n#include <sys/socket.h>\nint main(void) { return socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT ? 0 : 1; }\n`,
      ),
    ],
    [],
  );
  expect(loaded(program).machine.run()).toEqual({ kind: 'exit', code: 0 });
});

test.each([
  ['musl', (text: string) => shop.native('fork', [text], [])],
  ['glibc', (text: string) => native32(shop, 'fork32', [text], [])],
])('fork of %s: there are no other processes', (_, build) => {
  const program = build(
    shop.written(
      'fork.c',
      '#include <errno.h>\n#include <unistd.h>\nint main(void) { return fork() == -1 && errno == ENOSYS ? 0 : 1; }\n',
    ),
  );
  expect(loaded(program).machine.run()).toEqual({ kind: 'exit', code: 0 });
});

test('a wait that nobody ends', () => {
  const program = shop.native(
    'empty',
    [
      shop.written(
        'empty.c',
        '#include <unistd.h>\nint main(void) { int e[2]; char c; pipe(e); return read(e[0], &c, 1); }\n',
      ),
    ],
    ['-w'],
  );
  expect(loaded(program).machine.run()).toEqual({
    kind: 'missing',
    text: 'a wait that nobody ends: every thread waits',
  });
});

test('what is not opened is not read: a file that is larger than memory has a size', () => {
  const root = mkdtempSync(join(shop.folder, 'root-'));
  writeFileSync(join(root, 'large'), '');
  truncateSync(join(root, 'large'), 5e9);
  const program = shop.native(
    'listing',
    [
      shop.written(
        'listing.c',
        `#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
int main(void) {
  struct stat s;
  struct dirent *entry;
  DIR *d = opendir("/");
  while ((entry = readdir(d)))
    if (entry->d_name[0] == 'l' && stat(entry->d_name, &s) == 0)
      return s.st_size == 5000000000L && open(entry->d_name, O_RDONLY) == -1 && errno == ENOMEM ? 0 : 1;
  return 2;
}
`,
      ),
    ],
    ['-w'],
  );
  expect(loaded(program, { root }).machine.run()).toEqual({ kind: 'exit', code: 0 });
});
