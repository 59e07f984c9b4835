#!/bin/sh
# build.sh MIRRORCC OUT_DIR MALLOCNG: makes OUT_DIR/libmirrorheap.a from musl's allocator (the folder of its source) and what is here, rewritten.
set -eu
mirrorcc=${1:?usage: build.sh MIRRORCC OUT_DIR MALLOCNG} out=${2:?OUT_DIR} mallocng=${3:?MALLOCNG}
here=$(cd "$(dirname "$0")" && pwd)
objects=$out/mirrorheap.o.d
rm -rf "$objects" && mkdir -p "$objects/source"
for name in malloc free realloc aligned_alloc malloc_usable_size kept; do cp "$mallocng/$name.c" "$objects/source"; done
cp "$mallocng/meta.h" "$here/glue.h" "$objects/source"
compile() { # source object options...
  source=$here/$1 object=$objects/$2.o
  shift 2
  MIRROR_LIBC=glibc "$mirrorcc" -std=gnu11 -O2 -fPIE -fno-builtin -fno-stack-protector -U_FORTIFY_SOURCE -fvisibility=hidden -fasynchronous-unwind-tables \
    -fno-tree-loop-distribute-patterns -Wall -Wextra -Werror -Wno-pedantic "-I$here" "-I$objects/source" "$@" -c "$source" -o "$object"
}
compile mallocng.c mallocng -w -D_GNU_SOURCE
for name in area entry delete strings print lines; do compile $name.c $name; done
for name in _Znam _Znwm; do compile new.c "$name" -DNAME=$name -DALIGNED=0; done
for name in _ZnamSt11align_val_t _ZnwmSt11align_val_t; do compile new.c "$name" -DNAME=$name -DALIGNED=1; done
rm -f "$out/libmirrorheap.a"
ar rcs "$out/libmirrorheap.a" "$objects"/*.o
