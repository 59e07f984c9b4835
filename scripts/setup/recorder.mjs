// Compilers that build a library natively and keep every text that the assembler gets, with the object that came of it. The objects of the
// finished library are then made again from the rewritten texts (mirror.mjs): compiling is the long part, and it is done once for all
// versions of the pass.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What mirrorcc would add, too: addresses relative to the code, and no caller-saved register kept across a call. */
const always = ['-fPIE', '-fno-ipa-ra'];

/** `as`: a text is known again by the object that it gives. The calling convention is none's if a hand-written file was named. */
const assembler = (texts) => `#!/bin/sh
set -e
dir=$(mktemp -d "\${TMPDIR:-/tmp}/mirror-record.XXXXXX")
trap 'rm -rf "$dir"' EXIT
in=- out=a.out options=
while [ $# -gt 0 ]; do
  case $1 in
    --version|--help|-v) exec as "$@" ;;
    -o) out=$2; shift ;;
    -I) shift ;;
    -I*|--) ;;
    -?*) options="$options $1" ;;
    *) in=$1 ;;
  esac
  shift
done
cat "$in" > "$dir/text"
as $options -o "$out" "$dir/text"
hash=$(sha256sum < "$out")
hash=\${hash%% *}
echo "\${MIRROR_RECORD_ABI:-none}$options" > "$dir/options"
mv "$dir/options" "${texts}/$hash.options"
mv "$dir/text" "${texts}/$hash.s"
`;

const driver = (compiler, folder, flags, link) => `#!/bin/sh
MIRROR_RECORD_ABI=sysv link=yes
for arg; do
  case $arg in
    -c|-S|-E|-M|-MM|-r|--version|-dump*|-print*|-v|-V|-qversion|-nostdlib) link=no ;;
    *.s|*.S|assembler*) MIRROR_RECORD_ABI=none ;;
  esac
done
export MIRROR_RECORD_ABI
if [ $link = yes ]; then
  exec ${compiler} -B'${folder}/' ${flags} ${link.before} "$@" ${always.join(' ')} ${link.after}
fi
exec ${compiler} -B'${folder}/' ${flags} "$@" ${always.join(' ')}
`;

/**
 * Makes the commands `cc` and `c++` in `folder`; what they assemble is kept in `texts`.
 *
 * @param flags options for every call
 * @param prefix folder with include/ and lib/ of a libc and what else programs link with; undefined: none yet
 * @returns the paths of the commands
 */
export function makeRecorder({ folder, texts, flags, prefix }) {
  mkdirSync(folder, { recursive: true });
  mkdirSync(texts, { recursive: true });
  const script = (name, text) => {
    writeFileSync(join(folder, name), text, { mode: 0o755 });
    return join(folder, name);
  };
  script('as', assembler(texts));
  let include = '';
  let link = { before: '', after: '' };
  if (prefix !== undefined) {
    const lib = join(prefix, 'lib');
    include = `-nostdinc -isystem ${prefix}/include -isystem "$(gcc -print-file-name=include)"`;
    link = {
      before: `-static -no-pie -nostdlib -L${lib} ${lib}/crt1.o ${lib}/crti.o`,
      after: `-Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group ${lib}/crtn.o`,
    };
  }
  return {
    cc: script('cc', driver('gcc', folder, `${flags} ${include}`, link)),
    cxx: script('c++', driver('g++', folder, `${flags} ${include}`, link)),
  };
}
