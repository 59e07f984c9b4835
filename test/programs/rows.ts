// Programs that people run, with their own build systems and their own tests, from Debian's source packages; servers listen on loopback.
import { basename, join } from 'node:path';
import { debianSource, root } from '../../scripts/tools.mjs';
import type { Width } from '../suites/types.js';

/** Shell texts are run in one folder, with the compiler in $CC, options in $CFLAGS, $PORT free, and the functions of prelude.sh. */
export interface Program {
  readonly name: string;
  /** Source folder of the package that the program comes from; its name has the version. */
  readonly source: string;
  readonly build: string;
  /** The program's own tests. What is printed has to be the same natively; lines that match `passed` are counted. */
  readonly tests: string;
  readonly passed: RegExp;
  /** Seconds that the tests may take natively. */
  readonly seconds: number;
  /** Work to be timed. It leaves lines in usage.out: `cpu SECONDS ...`, which are summed, `peak KILOBYTES`, of which the highest counts, `work N`. */
  readonly load: string;
  /** Tools beyond those of the set-up, and the Debian packages that have them. */
  readonly tools: Readonly<Record<string, string>>;
  /** Word sizes that CI runs; some programs are in CI's sample of the suites. */
  readonly sample: readonly Width[];
  /** Why it is left out at a word size. */
  readonly leftOut: Readonly<Partial<Record<Width, string>>>;
}

const lines = (...parts: readonly string[]): string => parts.join('\n');

/** Debian's patches may be newer than what was made from the files they change; nothing is made again. */
const asItIs = ['ACLOCAL', 'AUTOCONF', 'AUTOHEADER', 'AUTOMAKE', 'MAKEINFO']
  .map((tool) => `${tool}=:`)
  .join(' ');

/** What was tested, one line each, in an order of its own, without colours and times; with the exit code of the test. */
const onlyTests = (pattern: string): string =>
  lines(
    'code=$?',
    "sed -E 's/\\x1b\\[[0-9;]*m//g; s/\\([0-9]+ ms\\)//' out | " + `grep -aE '${pattern}' | sort`,
    '[ $code = 0 ] || tail -c 900 out',
    'exit $code',
  );

function busybox(): Program {
  const source = debianSource('busybox');
  const settings = [
    's/^# CONFIG_STATIC is not set/CONFIG_STATIC=y/',
    // Needs Sun's remote procedure calls, which musl has not.
    's/^CONFIG_FEATURE_MOUNT_NFS=y/# CONFIG_FEATURE_MOUNT_NFS is not set/',
  ];
  return {
    name: 'busybox',
    source,
    build: lines(
      `cp -r ${source}/. . && make defconfig && sed -i '${settings.join('; ')}' .config`,
      'make CC="$CC" HOSTCC=gcc SKIP_STRIP=y busybox',
    ),
    // Some fail natively, too, where there is no terminal or no loop device: what passes is what counts.
    tests: `cd testsuite && SKIP_KNOWN_BUGS=1 SKIP_INTERNET_TESTS=1 ./runtest -v > out 2>&1; true; ${onlyTests('^(PASS|FAIL|SKIPPED|UNTESTED):')}`,
    passed: /^PASS:/,
    seconds: 900,
    load: lines(
      'seq 1 300000 | sed "s/$/ the quick brown fox/" > text',
      'used ./busybox sort -r text -o sorted; used ./busybox md5sum text; used ./busybox gzip -k -f text',
      `used ./busybox awk '{ n[$1 % 1000] += $1 } END { for (i in n) s += n[i]; print s }' text`,
    ),
    tools: {},
    sample: [],
    leftOut: {},
  };
}

function bzip2(): Program {
  const source = debianSource('bzip2');
  const sizes = [1, 2, 3];
  return {
    name: 'bzip2',
    source,
    build: `cp -r ${source}/. . && make CC="$CC" CFLAGS="$CFLAGS" libbz2.a bzip2.o && $CC bzip2.o libbz2.a -o bzip2`,
    // As the makefile's own test does, whose program is linked with a shared library.
    tests: lines(
      ...sizes.map(
        (n) =>
          `./bzip2 -${n} < sample${n}.ref > sample${n}.new && cmp sample${n}.bz2 sample${n}.new && echo ok ${n}`,
      ),
      ...sizes.map(
        (n) => `./bzip2 -d ${n === 3 ? '-s' : ''} < sample${n}.bz2 | cmp - sample${n}.ref && echo ok -d ${n}`,
      ),
    ),
    passed: /^ok/,
    seconds: 60,
    load: 'text 8 > text; used ./bzip2 -kf text; used ./bzip2 -dc text.bz2 > /dev/null',
    tools: {},
    sample: [64, 32],
    leftOut: {},
  };
}

function gzip(): Program {
  const source = debianSource('gzip');
  return {
    name: 'gzip',
    source,
    build: `cp -r ${source}/. . && ./configure --disable-dependency-tracking && make ${asItIs}`,
    tests: `make ${asItIs} check > out 2>&1; ${onlyTests('^(PASS|FAIL|XFAIL|XPASS|SKIP|ERROR):')}`,
    passed: /^PASS:/,
    seconds: 300,
    load: 'text 64 > text; used ./gzip -kf text; used ./gzip -dc text.gz > /dev/null',
    tools: {},
    sample: [64],
    leftOut: {},
  };
}

/** Debian's musl has no crypt, so musl's own is made, for both sides, in the folder lib. */
const withCrypt = (): string => {
  const musl = debianSource('musl');
  return lines(
    `mkdir lib && cp ${musl}/src/crypt/* ${musl}/include/crypt.h lib && cd lib`,
    '$CC $CFLAGS -I. -Dhidden= -c *.c && ar rc libcrypt.a *.o && cd ..',
  );
};

/** With zlib. Modules are linked in: a static program loads none. */
function lighttpd(): Program {
  const source = debianSource('lighttpd');
  const modules = [
    ...['access', 'accesslog', 'auth', 'authn_file', 'cgi', 'deflate', 'dirlisting', 'expire', 'extforward'],
    ...[
      'fastcgi',
      'indexfile',
      'proxy',
      'redirect',
      'scgi',
      'setenv',
      'simple_vhost',
      'staticfile',
      'status',
    ],
  ];
  const libraries = [
    ...['BZIP', 'PCRE', 'PCRE2'].map((library) => `-DWITH_${library}=OFF`),
    ...['-DWITH_ZLIB=ON', '-DCMAKE_LIBRARY_PATH=$PWD/lib', '-DCMAKE_INCLUDE_PATH=$PWD/lib'],
  ].join(' ');
  return {
    name: 'lighttpd',
    source,
    build: lines(
      'set -e; top=$PWD',
      withCrypt(),
      `cp -r ${debianSource('zlib')} lib/zlib && cd lib/zlib && ./configure --static && make libz.a`,
      'cp libz.a zlib.h zconf.h .. && cd $top',
      'export LIBRARY_PATH=$PWD/lib',
      `printf 'PLUGIN_INIT(mod_%s)\\n' ${modules.join(' ')} > plugin-static.h`,
      `cmake -S ${source} -B . -DBUILD_STATIC=ON -DCMAKE_C_FLAGS="$CFLAGS -I$PWD -I$PWD/lib" -DCMAKE_BUILD_TYPE=None ${libraries}`,
      'make',
    ),
    tests: lines(
      `export srcdir=${source}/tests top_builddir=$PWD`,
      'sh $srcdir/prepare.sh > /dev/null && cd $srcdir',
      `prove -v -I. request.t core-condition.t mod-fastcgi.t mod-scgi.t > $top_builddir/out 2>&1`,
      'code=$?; cd $top_builddir; (exit $code)',
      onlyTests('^(not )?ok |^Result'),
    ),
    passed: /^ok /,
    seconds: 120,
    load: lines(
      'mkdir -p www && text 1 | head -c 4096 > www/page.txt',
      `printf 'server.document-root = "%s/www"\\nserver.port = %s\\nserver.bind = "127.0.0.1"\\n' "$PWD" $PORT > load.conf`,
      './build/lighttpd -D -f load.conf & server=$!; listening $PORT',
      "wrk -t1 -c16 -d4s http://127.0.0.1:$PORT/page.txt | sed -nE 's/^ *([0-9]+) requests in.*/work \\1/p' >> usage.out",
      'usage $server; kill $server; wait $server',
    ),
    tools: { cmake: 'cmake', prove: 'perl', wrk: 'wrk' },
    sample: [],
    leftOut: {},
  };
}

/** Debian's Lua ships without its tests; those of LPeg, which is linked in, run on it. */
function lua(): Program {
  const source = debianSource('lua5.4');
  const lpeg = debianSource('lua-lpeg');
  return {
    name: 'lua',
    source,
    build: lines(
      `cp ${source}/src/*.[ch] ${lpeg}/*.[ch] ${lpeg}/*.lua . && rm -f luac.c`,
      `echo '#define DEB_HOST_MULTIARCH "none"' > lua5.4-deb-multiarch.h`,
      // A static interpreter has its modules built in.
      `sed -i -e 's/{LUA_DBLIBNAME, luaopen_debug},/&{"lpeg", luaopen_lpeg},/' -e 's/^static const luaL_Reg/int luaopen_lpeg(lua_State *);&/' linit.c`,
      'for f in *.c; do $CC $CFLAGS -DLUA_USE_POSIX -DNDEBUG -I. -c $f || exit 1; done',
      '$CC *.o -o lua -lm',
    ),
    tests: './lua test.lua > out 2>&1 && tail -n 1 out',
    passed: /^OK$/,
    seconds: 300,
    load: lines(
      "cat > load.lua <<'end'",
      'local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end',
      'local t = {} for i = 1, 300000 do t[i] = (i * 7919) % 1000003 end table.sort(t)',
      "local s = {} for i = 1, 200000 do s[#s + 1] = ('%d:%s'):format(i, t[i]) end",
      "print(fib(27), #table.concat(s, ','):gsub('%d+', function(d) return d + 1 end))",
      'end',
      'used ./lua load.lua > /dev/null',
    ),
    tools: {},
    sample: [64, 32],
    leftOut: {},
  };
}

/** LMDB, whose tests write keys at random into a mapped file. The library alone and its tools, as Debian's package has nothing else. */
function lmdb(): Program {
  const source = debianSource('lmdb');
  const tests = ['mtest', 'mtest2', 'mtest3', 'mtest4', 'mtest5'];
  const tools = ['mdb_dump', 'mdb_load', 'mdb_stat'];
  return {
    name: 'lmdb',
    source,
    build: `cp -r ${source}/libraries/liblmdb/. . && make CC="$CC" OPT="$CFLAGS" liblmdb.a ${[...tests, ...tools].join(' ')}`,
    tests: lines(
      ...tests.map((test) => `rm -rf testdb; mkdir testdb; ./${test} > out && echo ok ${test}`),
      `seq 1 5000 | awk '{ print "key" $0; print $0 }' > pairs`,
      'for name in one two; do rm -rf $name; mkdir $name; done',
      './mdb_load -T -f pairs one && ./mdb_dump one > dump && ./mdb_load -f dump two && ./mdb_dump two | cmp - dump && echo ok load',
      "./mdb_stat two | sed -n 's/.*Entries/ok entries/p'",
    ),
    passed: /^ok/,
    seconds: 60,
    load: lines(
      'rm -rf large; mkdir large',
      `{ printf '%s\\n' VERSION=3 format=print type=btree mapsize=268435456 HEADER=END; seq 1000000 1300000 | awk '{ print " key" $0; print " value " $0 " of a key" }'; echo DATA=END; } > pairs`,
      'used ./mdb_load -f pairs large; used ./mdb_dump large > /dev/null',
    ),
    tools: {},
    sample: [],
    leftOut: {},
  };
}

/** With libevent, which it needs. Its tests want memcached-debug, which has options of its own. */
function memcached(): Program {
  const source = debianSource('memcached');
  const libevent = debianSource('libevent');
  return {
    name: 'memcached',
    source,
    build: lines(
      'set -e; top=$PWD',
      `cp -r ${libevent} libevent && cd libevent`,
      `./configure --prefix=$top/prefix --disable-shared --disable-openssl --disable-samples --disable-dependency-tracking`,
      `make ${asItIs} install`,
      `cp -r ${source}/. $top && cd $top`,
      // memcached-debug counts what is run of it; in 32 bits the compiler's library for that wants the system's C library.
      'case "$CC" in *-m32*) without=--disable-coverage;; esac',
      './configure --with-libevent=$top/prefix --disable-dependency-tracking $without',
      `make ${asItIs} memcached memcached-debug sizes timedrun testapp`,
    ),
    tests: `prove -j4 t > out 2>&1; ${onlyTests('^t/.* (ok|skipped)|^Result')}`,
    passed: / ok$/,
    seconds: 1800,
    load: lines(
      './memcached -l 127.0.0.1 -p $PORT -U 0 -u root -m 64 & server=$!; listening $PORT',
      `perl ${join(root, 'test/programs/memcached-load.pl')} $PORT && usage $server; kill $server; wait $server`,
    ),
    tools: { prove: 'perl' },
    sample: [],
    leftOut: {},
  };
}

/** Without what needs other libraries; it comes without tests, so these are some of what people have it do. */
function nginx(): Program {
  const source = debianSource('nginx');
  const settings = [
    'user root; daemon off; worker_processes 2; pid nginx.pid; error_log error.log;',
    'events { worker_connections 64; }',
    'http { access_log off; default_type text/plain; server { listen 127.0.0.1:%s; root www;',
    '  location /status { stub_status; } location /list/ { alias www/; autoindex on; }',
    '  location /proxy/ { proxy_pass http://127.0.0.1:%s/; } } }',
  ];
  const serve = [
    `printf '${settings.join('\\n')}\\n' $PORT $PORT > nginx.conf`,
    './objs/nginx -p . -c nginx.conf & server=$!; listening $PORT',
  ];
  const asks: readonly (readonly [name: string, question: string])[] = [
    ['page', '/page.txt | cksum'],
    ['part', '/page.txt -r 1000-1999 | cksum'],
    ['large', '/large.txt | cksum'],
    ['proxied', '/proxy/large.txt | cksum'],
    ['proxied part', '/proxy/page.txt -r 5-9,20-29 -o /dev/null -w "%{http_code} %{size_download}"'],
    ['missing', '/none -o /dev/null -w "%{http_code}"'],
    ['head', '/page.txt -I | grep -i ^content-length'],
    ['post', '/page.txt -d word -o /dev/null -w "%{http_code}"'],
    ['list', '/list/ | grep -c page.txt'],
    ['status', '/status | grep -c Active'],
  ];
  return {
    name: 'nginx',
    source,
    build: lines(
      `set -e; cp -r ${source}/. .; sed -i 's/-Werror//' auto/cc/gcc`,
      withCrypt(),
      './configure --with-cc="$CC" --with-cc-opt="$CFLAGS -I$PWD/lib" --with-ld-opt=-L$PWD/lib --with-threads --with-http_stub_status_module --without-http_rewrite_module --without-http_gzip_module > /dev/null',
      'make -s',
    ),
    tests: lines(
      'mkdir -p www logs && text 2 > www/large.txt && head -c 4096 www/large.txt > www/page.txt',
      ...serve,
      ...asks.map(([name, question]) => `echo "ok ${name} $(curl -s http://127.0.0.1:$PORT${question})"`),
      'kill -HUP $server; sleep 1',
      'echo "ok again $(curl -s http://127.0.0.1:$PORT/page.txt | cksum)"',
      'kill -QUIT $server; wait $server',
    ),
    passed: /^ok /,
    seconds: 60,
    load: lines(
      ...serve,
      "wrk -t1 -c16 -d4s http://127.0.0.1:$PORT/page.txt | sed -nE 's/^ *([0-9]+) requests in.*/work \\1/p' >> usage.out",
      'for worker in $(pgrep -P $server); do usage $worker; done; kill -QUIT $server; wait $server',
    ),
    tools: { curl: 'curl', pgrep: 'procps', wrk: 'wrk' },
    sample: [],
    leftOut: {},
  };
}

/** A part of its unit tests: those that neither wait for long nor look at the time that something takes. */
const redisUnits = [
  ...['acl', 'auth', 'bitfield', 'bitops', 'dump', 'expire', 'geo', 'keyspace', 'multi', 'protocol'],
  ...['pubsub', 'querybuf', 'quit', 'scan', 'scripting', 'slowlog', 'sort', 'tracking', 'type/hash'],
  ...['type/incr', 'type/list', 'type/set', 'type/stream', 'type/string', 'type/zset'],
];

/** Fails natively, too: Debian's patch lets the server find something else wrong with the payload. */
const debianRefuses = 'RESTORE fail with invalid payload size';

function redis(): Program {
  const source = debianSource('redis');
  return {
    name: 'redis',
    source,
    // In src: the makefile above it starts one make for each program, and two of them make the same files.
    build: `cp -r ${source}/. . && make -C src CC="$CC" MALLOC=libc redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb`,
    tests: lines(
      `./runtest ${redisUnits.map((unit) => `--single unit/${unit}`).join(' ')} --clients 2 --skiptest '${debianRefuses}' --tags '-slow -large-memory' --baseport $PORT > out 2>&1`,
      onlyTests('^\\[(ok|err|exception)\\]'),
    ),
    passed: /^\[ok\]/,
    seconds: 1800,
    load: lines(
      "./src/redis-server --bind 127.0.0.1 --port $PORT --save '' & server=$!; listening $PORT",
      './src/redis-benchmark -p $PORT -n 100000 -r 100000 -c 16 -q -t set,get,incr,lpush,hset,zadd > /dev/null',
      'usage $server; kill $server; wait $server',
    ),
    tools: { tclsh: 'tcl' },
    sample: [],
    leftOut: {},
  };
}

function sqlite(): Program {
  const source = debianSource('sqlite3');
  return {
    name: 'sqlite3',
    source,
    build: lines(
      `set -e; ${source}/configure --disable-tcl --disable-readline --disable-shared > /dev/null`,
      'make sqlite3.c',
      `cp ${source}/test/speedtest1.c .`,
      'for f in sqlite3 speedtest1; do $CC $CFLAGS -I. -DSQLITE_OMIT_LOAD_EXTENSION -c $f.c; done',
      '$CC sqlite3.o speedtest1.o -o speedtest1 -lm',
    ),
    tests: lines(
      'for file in :memory: test.db; do',
      '  ./speedtest1 --verify --size 10 $file > out || exit 1',
      "  sed -E 's/ +[0-9]+[.][0-9]+s$//' out; done",
      'cksum < test.db',
    ),
    passed: /^ *\d+ - /,
    seconds: 300,
    load: 'used ./speedtest1 --size 20 :memory: > /dev/null; rm -f load.db; used ./speedtest1 --size 10 load.db > /dev/null',
    tools: {},
    sample: [],
    leftOut: {},
  };
}

function zlib(): Program {
  const source = debianSource('zlib');
  return {
    name: 'zlib',
    source,
    build: `cp -r ${source}/. . && ./configure --static && make libz.a example minigzip`,
    tests: 'make test 2>&1',
    passed: /OK \*\*\*|hello, hello!$/,
    seconds: 60,
    load: 'text 64 > text; used ./minigzip < text > text.gz; used ./minigzip -d < text.gz > /dev/null',
    tools: {},
    sample: [],
    leftOut: {},
  };
}

/** Sorted by name. */
export const programs = (): readonly Program[] => [
  busybox(),
  bzip2(),
  gzip(),
  lighttpd(),
  lmdb(),
  lua(),
  memcached(),
  nginx(),
  redis(),
  sqlite(),
  zlib(),
];

/** The upstream version, from the name of the package's folder; Debian's mark for what it left out is not part of it. */
export const versionOf = ({ source }: Program): string =>
  /-(\d[^-+]*?)(\.dfsg)?([-+]|$)/.exec(basename(source))?.[1] ?? '';
