#!/bin/sh
# build.sh CC OUT_DIR: makes OUT_DIR/libmirrordynamic.a with the plain compiler CC: what dynamically linked programs need beside libmirror.a,
# and a wrapper of each row of libc.def in an object of its own, so that a program gets those that it calls. The tables go beside it.
set -eu
cc=${1:?usage: build.sh CC OUT_DIR} out=${2:?usage: build.sh CC OUT_DIR}
here=$(cd "$(dirname "$0")" && pwd)
objects=$out/mirrordynamic.o.d
rm -rf "$objects" && mkdir -p "$objects"
includes="-I$here -I$here/.. -I$here/../x86_64"
flags="-std=gnu11 -O2 -fPIE -ffreestanding -fno-stack-protector -fvisibility=hidden -mno-red-zone -fno-tree-loop-distribute-patterns
  -fasynchronous-unwind-tables -fcf-protection=none -ffunction-sections -ftls-model=local-exec -Wall -Wextra -Werror $includes"
renamed=
for name in memcpy memset memmove memcmp; do renamed="$renamed --redefine-sym $name=mr_$name"; done

compile() { # source object options...
  source=$here/$1 object=$objects/$2.o
  shift 2
  # shellcheck disable=SC2086
  $cc $flags "$@" -c "$source" -o "$object"
  # shellcheck disable=SC2086
  objcopy $renamed "$object"
}
for name in after end exit fork handlers interpose libraries memory objects report scan start streams threads unwind variables; do
  compile $name.c $name -mgeneral-regs-only
done
for name in print scan23; do compile $name.c $name; done
for name in entry setjmp; do compile $name.S $name; done
compile before.S before
compile shared.S ../mirrorshared # of each shared object, not of the program
for name in dlsym dlvsym; do compile dlsym.S call-$name -DNAME=$name; done
for name in __longjmp_chk _longjmp longjmp siglongjmp; do compile longjmp.S call-$name -DNAME=$name; done
sed -n 's/^X(\([a-zA-Z0-9_]*\), \([A-Z| ]*\), \(.*\)) \/\*.*$/\1:\2:\3/p' "$here/libc.def" >"$objects/rows"
started=0
while IFS=: read -r name how rules; do
  # shellcheck disable=SC2086
  $cc $includes -DNAME="$name" "-DHOW=$how" "-DRULES=$rules" -c "$here/stub.S" -o "$objects/row-$name.o" &
  started=$((started + 1))
  [ $((started % 8)) != 0 ] || wait
done <"$objects/rows"
wait
made=$(find "$objects" -name 'row-*.o' | wc -l)
[ "$(grep -c '^X(' "$here/libc.def")" = "$made" ] || { echo 'build.sh: a row of libc.def was not understood' >&2; exit 1; }
rm -f "$out/libmirrordynamic.a"
ar rcs "$out/libmirrordynamic.a" "$objects"/*.o
cp "$here/libc.def" "$here/harmless.def" "$out"
