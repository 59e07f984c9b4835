#!/bin/sh
# build.sh CC OUT_DIR: makes OUT_DIR/libmirror.a with the plain compiler CC (never the rewriting driver).
set -eu
cc=${1:?usage: build.sh CC OUT_DIR} out=${2:?usage: build.sh CC OUT_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out/mirror.o.d"
flags='-std=gnu11 -O2 -fPIE -ffreestanding -fno-stack-protector -fvisibility=hidden -mno-red-zone -mgeneral-regs-only
  -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables -fcf-protection=none -ffunction-sections
  -fstack-usage -Wall -Wextra -Werror'
objects=
for source in entry.S text.c ranges.c init.c memcalls.c boundary.c symbols.c check.c; do
  object=$out/mirror.o.d/${source%.*}.o
  # shellcheck disable=SC2086
  $cc $flags -c "$here/$source" -o "$object"
  # gcc calls these four whatever its options say; under their own names the program would bind to unmirrored copies.
  objcopy --redefine-sym memcpy=mr_memcpy --redefine-sym memset=mr_memset --redefine-sym memmove=mr_memmove \
    --redefine-sym memcmp=mr_memcmp "$object"
  # The code runs before the image is relocated: data that needs relocation would be read too early.
  if readelf -rW "$object" | awk '/^Relocation section/ { bad = /\.rela\.(data|rodata)/ } bad && /R_X86_64_64/ { found = 1 } END { exit !found }'; then
    echo "build.sh: $source: data relocation in runtime code" >&2
    exit 1
  fi
  objects="$objects $object"
done
rm -f "$out/libmirror.a"
# shellcheck disable=SC2086
ar rcs "$out/libmirror.a" $objects
