// The own test suites of zlib, Lua and SQLite, from Debian packages, as far as they build without the network and without shared libraries.
import { basename, join } from 'node:path';
import { cache, debianFiles, debianSource } from '../../scripts/tools.mjs';
import type { Case, Choice, Suite } from './types.js';

/** A case but for level and width. */
type Project = Pick<Case, 'build' | 'generated' | 'name' | 'run' | 'seconds' | 'sources'>;

/** A suite of projects. */
function suiteOf(name: string, projects: () => readonly Project[]): Suite {
  return {
    name,
    cases: ({ levels, widths }: Choice) =>
      widths.flatMap((width) =>
        levels.flatMap((level) =>
          projects().map((project): Case => ({
            ...project,
            suite: name,
            level,
            width,
            program: null,
            excluded: '',
          })),
        ),
      ),
  };
}

const lines = (...parts: readonly string[]): string => parts.join('\n');

/** zlib's own makefile; infcover.c is its test of inflate's every branch. */
export const zlib = suiteOf('zlib', () => {
  const source = debianSource('zlib');
  const configure = `cp -r ${source}/. . && ./configure --static`;
  return [
    {
      name: 'make-test',
      sources: [source],
      generated: null,
      build: `${configure} && make libz.a example minigzip`,
      run: 'make test',
      seconds: 60,
    },
    {
      name: 'infcover',
      sources: [source],
      generated: null,
      build: `${configure} && make libz.a && $CC $CFLAGS -I. -c test/infcover.c && $CC infcover.o libz.a -o infcover`,
      run: './infcover',
      seconds: 60,
    },
  ];
});

/** Where Debian builds find Lua's modules; nothing of it is used here. */
const multiarch = (version: string): string =>
  `echo '#define DEB_HOST_MULTIARCH "none"' > lua${version}-deb-multiarch.h`;

/** Times, addresses, sizes and names of temporary files differ from run to run. */
const withoutNumbers = "sed -E 's/0x[0-9a-f]+|[0-9]+([.][0-9]+)?|lua_[A-Za-z0-9]{6}/N/g'";

/**
 * Debian's lua5.4 does not ship Lua's tests. The test suite of Lua 5.1 is in golang-github-yuin-gopher-lua-dev and runs with lua5.1. Two of its
 * files do not end well with any interpreter here, and say so in both runs; each file is a process, so that the others count.
 */
export const lua = suiteOf('lua', () => {
  const lua51 = join(debianSource('lua5.1'), 'src');
  const package51 = debianFiles('golang-github-yuin-gopher-lua-dev');
  if (package51 === undefined) throw new Error('Debian has no package golang-github-yuin-gopher-lua-dev');
  const tests = join(package51, 'usr/share/gocode/src/github.com/yuin/gopher-lua/_lua5.1-tests');
  const lua54 = join(debianSource('lua5.4'), 'src');
  const lpeg = debianSource('lua-lpeg');
  const compileAll = (defines: string): string =>
    lines(
      'rm -f luac.c print.c',
      `for f in *.c; do $CC $CFLAGS ${defines} -I. -c $f || exit 1; done`,
      '$CC *.o -o lua -lm',
    );
  return [
    {
      name: 'lua-5.1',
      sources: [lua51, tests],
      generated: null,
      build: lines(
        `cp ${lua51}/*.[ch] . && ${multiarch('5.1')}`,
        compileAll('-DLUA_USE_POSIX'),
        `cp -r ${tests} tests && mkdir -p tests/libs/P1`,
      ),
      run: lines(
        "cd tests && export LUA_PATH='?;./?.lua'",
        // all.lua runs big.lua as a coroutine. What overflows a length of 32 bits is made with one of 64: 8.5 GB, twice that mirrored.
        `[ $(od -An -tu1 -j4 -N1 ../lua) = 2 ] || echo "local f = coroutine.wrap(assert(loadfile'big.lua')); assert(f() == 'b'); assert(f() == 'a')" > big-all.lua`,
        'for f in *.lua; do',
        '  case $f in all.lua|big.lua) continue;; esac',
        `  ../lua $f > out 2>&1; code=$?; echo "$f $code"; ${withoutNumbers} out`,
        'done',
      ),
      seconds: 300,
    },
    {
      name: 'lpeg',
      sources: [lua54, lpeg],
      generated: null,
      build: lines(
        `cp ${lua54}/*.[ch] ${lpeg}/*.[ch] ${lpeg}/*.lua . && ${multiarch('5.4')}`,
        // A static interpreter has its modules built in.
        `sed -i -e 's/{LUA_DBLIBNAME, luaopen_debug},/&{"lpeg", luaopen_lpeg},/' -e 's/^static const luaL_Reg/int luaopen_lpeg(lua_State *);&/' linit.c`,
        compileAll('-DLUA_USE_POSIX -DNDEBUG'),
      ),
      run: `./lua test.lua > out 2>&1; code=$?; ${withoutNumbers} out; exit $code`,
      seconds: 300,
    },
  ];
});

const fuzzOptions = [
  'OMIT_LOAD_EXTENSION',
  'ENABLE_MEMSYS5',
  'OSS_FUZZ',
  'MAX_MEMORY=50000000',
  'PRINTF_PRECISION_LIMIT=1000',
  'ENABLE_FTS4',
  'ENABLE_FTS3_PARENTHESIS',
  'ENABLE_FTS5',
  'ENABLE_RTREE',
  'ENABLE_GEOPOLY',
  'ENABLE_DBSTAT_VTAB',
  'ENABLE_BYTECODE_VTAB',
]
  .map((option) => `-DSQLITE_${option}`)
  .join(' ');

/** SQLite's amalgamation is made by its own makefile once; options and files as in its Makefile.in. */
export const sqlite = suiteOf('sqlite', () => {
  const source = debianSource('sqlite3');
  const amalgamation = join(cache, 'suites', basename(source), 'amalgamation.tar');
  const generated = {
    path: amalgamation,
    command: `(${source}/configure --disable-tcl --disable-readline && make sqlite3.c) >&2 && tar -cf - sqlite3.c sqlite3.h`,
  };
  const speedtest = join(source, 'test/speedtest1.c');
  const fuzz = [
    ...['fuzzcheck', 'fuzzinvariants', 'ossfuzz', 'vt02'].map((name) => join(source, 'test', `${name}.c`)),
    ...['dbdata', 'sqlite3recover'].map((name) => join(source, 'ext/recover', `${name}.c`)),
    join(source, 'src/sqlite3ext.h'),
  ];
  const data = Array.from({ length: 8 }, (_, i) => join(source, 'test', `fuzzdata${i + 1}.db`));
  return [
    {
      name: 'speedtest1',
      sources: [amalgamation, speedtest],
      generated,
      build: lines(
        `tar -xf ${amalgamation} && cp ${speedtest} . && for f in sqlite3 speedtest1; do`,
        '$CC $CFLAGS -I. -DSQLITE_OMIT_LOAD_EXTENSION -c $f.c || exit 1; done',
        '$CC sqlite3.o speedtest1.o -o speedtest1 -lm',
      ),
      // With what it prints of times left out.
      run: lines(
        'for file in :memory: test.db; do',
        '  ./speedtest1 --verify --size 10 $file > out || exit 1',
        "  sed -E 's/ +[0-9]+[.][0-9]+s$//' out; done",
        'cksum < test.db',
      ),
      seconds: 300,
    },
    {
      name: 'fuzzcheck',
      sources: [amalgamation, ...fuzz, ...data],
      generated,
      build: lines(
        `tar -xf ${amalgamation} && cp ${fuzz.join(' ')} . && for f in *.c; do`,
        `$CC $CFLAGS -I. -I${source}/test -I${source}/ext/recover ${fuzzOptions} -c $f || exit 1; done`,
        '$CC *.o -o fuzzcheck -lm',
      ),
      run: lines(
        `for file in ${data.join(' ')}; do`,
        '  ./fuzzcheck $file > out 2>&1 || { cat out; exit 1; }',
        "  sed -E 's/in [0-9.]+ seconds//' out; done",
      ),
      seconds: 1200,
    },
  ];
});
