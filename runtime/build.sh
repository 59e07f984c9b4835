#!/bin/sh
# build.sh CC OUT_DIR [32]: makes OUT_DIR/libmirror.a with the plain compiler CC (never the rewriting driver).
set -eu
cc=${1:?usage: build.sh CC OUT_DIR [32]} out=${2:?usage: build.sh CC OUT_DIR [32]}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out/mirror.o.d"
flags='-std=gnu11 -O2 -fPIE -ffreestanding -fno-stack-protector -fvisibility=hidden -mgeneral-regs-only
  -fno-tree-loop-distribute-patterns -fasynchronous-unwind-tables -fcf-protection=none -fno-reorder-functions
  -fno-reorder-blocks-and-partition   -fstack-usage -Wall -Wextra -Werror'
case ${3-64} in
32) arch=i386 flags="$flags -m32 -march=i686 -mpreferred-stack-boundary=2" ;;
64) arch=x86_64 flags="$flags -mno-red-zone" ;;
*) echo "build.sh: word size $3: it is 32 or 64" >&2 && exit 3 ;;
esac
# gcc calls the first four whatever its options say, and makes the thunks: under their own names the program would bind to
# unmirrored copies.
renamed='' text=mirror_text,alloc,load,readonly,code,contents
# The text is bounded, so that interrupted.c knows where a signal came: the thunks belong to it.
bounded="--rename-section .text=$text"
for name in memcpy memset memmove memcmp; do renamed="$renamed --redefine-sym $name=mr_$name"; done
for name in ax bx cx dx si di bp; do
  renamed="$renamed --redefine-sym __x86.get_pc_thunk.$name=mr_thunk.$name"
  bounded="$bounded --rename-section .text.__x86.get_pc_thunk.$name=$text"
done
objects=
for source in "$here/$arch"/*.S "$here/$arch"/*.c "$here"/*.c; do
  name=$(basename "$source")
  object=$out/mirror.o.d/${name%.*}.o
  case $source in
  *.c) section=$bounded hidden="-include $here/hidden.h" ;;
  *) section='' hidden='' ;;
  esac
  # shellcheck disable=SC2086
  $cc $flags $hidden "-I$here" "-I$here/$arch" -c "$source" -o "$object"
  # shellcheck disable=SC2086
  objcopy $renamed $section "$object"
  # The code runs before the image is relocated: data that needs relocation would be read too early.
  if readelf -rW "$object" | awk '/^Relocation section/ { bad = /\.rela?\.(data|rodata)/ } bad && /R_X86_64_64|R_386_32/ { found = 1 } END { exit !found }'; then
    echo "build.sh: $name: data relocation in runtime code" >&2
    exit 1
  fi
  if readelf -rW "$object" | grep -qE 'R_X86_64_[A-Z_]*GOTPCREL|R_386_GOT32'; then
    echo "build.sh: $name: the global offset table in runtime code" >&2
    exit 1
  fi
  objects="$objects $object"
done
rm -f "$out/libmirror.a"
# shellcheck disable=SC2086
ar rcs "$out/libmirror.a" $objects
