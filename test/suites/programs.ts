// Programs that people run, with their own build systems and their own tests, from Debian's source packages; servers listen on loopback.
import { debianSource } from '../../scripts/tools.mjs';
import { lines, suiteOf } from './projects.js';
import type { Project } from './projects.js';

/** Debian's patches may be newer than what was made from the files they change; nothing is made again. */
const asItIs = ['ACLOCAL', 'AUTOCONF', 'AUTOHEADER', 'AUTOMAKE', 'MAKEINFO']
  .map((tool) => `${tool}=:`)
  .join(' ');

/** Colours, times and ports differ from run to run. */
const plain = "sed -E 's/\\x1b\\[[0-9;]*m//g; s/\\([0-9]+ ms\\)//'";

/** What was tested, one line each, in an order of its own; with the exit code of the test. */
const onlyTests = (pattern: string): string =>
  `code=$?; ${plain} out | grep -aE '${pattern}' | sort; [ $code = 0 ] || tail -c 900 out; exit $code`;

function bzip2(): Project {
  const source = debianSource('bzip2');
  const sizes = [1, 2, 3];
  return {
    name: 'bzip2',
    sources: [source],
    generated: null,
    build: `cp -r ${source}/. . && make CC="$CC" CFLAGS="$CFLAGS" libbz2.a bzip2.o && $CC bzip2.o libbz2.a -o bzip2`,
    // As the makefile's own test does, whose program is linked with a shared library.
    run: lines(
      'set -e',
      ...sizes.map(
        (n) => `./bzip2 -${n} < sample${n}.ref > sample${n}.new && cmp sample${n}.bz2 sample${n}.new`,
      ),
      ...sizes.map((n) => `./bzip2 -d ${n === 3 ? '-s' : ''} < sample${n}.bz2 | cmp - sample${n}.ref`),
      'cksum sample*.new',
    ),
    seconds: 60,
  };
}

function gzip(): Project {
  const source = debianSource('gzip');
  return {
    name: 'gzip',
    sources: [source],
    generated: null,
    build: `cp -r ${source}/. . && ./configure --disable-dependency-tracking && make ${asItIs}`,
    run: `make ${asItIs} check > out 2>&1; ${onlyTests('^(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR):')}`,
    seconds: 300,
  };
}

/** With libevent, which it needs. Its tests want memcached-debug, which has options of its own. */
function memcached(): Project {
  const source = debianSource('memcached');
  const libevent = debianSource('libevent');
  return {
    name: 'memcached',
    sources: [source, libevent],
    generated: null,
    build: lines(
      'set -e; top=$PWD',
      `cp -r ${libevent} libevent && cd libevent`,
      `./configure --prefix=$top/prefix --disable-shared --disable-openssl --disable-samples --disable-dependency-tracking`,
      `make ${asItIs} install`,
      `cp -r ${source}/. $top && cd $top`,
      './configure --with-libevent=$top/prefix --disable-dependency-tracking',
      `make ${asItIs} memcached memcached-debug sizes timedrun testapp`,
    ),
    run: `prove -j8 t > out 2>&1; ${onlyTests('^t/.* (ok|skipped)|^Result')}`,
    seconds: 1800,
  };
}

/** A part of its unit tests: those that neither wait for long nor look at the time that something takes. */
const redisUnits = [
  ...[
    'unit/acl',
    'unit/auth',
    'unit/bitfield',
    'unit/bitops',
    'unit/dump',
    'unit/expire',
    'unit/geo',
    'unit/keyspace',
  ],
  ...[
    'unit/multi',
    'unit/protocol',
    'unit/pubsub',
    'unit/querybuf',
    'unit/quit',
    'unit/scan',
    'unit/scripting',
  ],
  ...[
    'unit/slowlog',
    'unit/sort',
    'unit/tracking',
    'unit/type/hash',
    'unit/type/incr',
    'unit/type/list',
    'unit/type/set',
  ],
  ...['unit/type/stream', 'unit/type/string', 'unit/type/zset'],
];

function redis(): Project {
  const source = debianSource('redis');
  return {
    name: 'redis',
    sources: [source],
    generated: null,
    build: `cp -r ${source}/. . && make CC="$CC" MALLOC=libc redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb`,
    run: lines(
      `./runtest ${redisUnits.map((unit) => `--single ${unit}`).join(' ')} --clients 2 --tags '-slow -large-memory' > out 2>&1`,
      onlyTests('^\\[(ok|err|exception)\\]'),
    ),
    seconds: 1800,
  };
}

export const programs = suiteOf('programs', () => [bzip2(), gzip(), memcached(), redis()], ['-O2']);
