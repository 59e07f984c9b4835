// Headers that programs for Linux take for granted and musl does not have: links to those of the Debian packages linux-libc-dev (the kernel's
// own) and libc6-dev.
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Folders and files that musl has not; asm/ serves -m32, too. */
const paths = {
  asm: '/usr/include/x86_64-linux-gnu/asm',
  'asm-generic': '/usr/include/asm-generic',
  drm: '/usr/include/drm',
  linux: '/usr/include/linux',
  misc: '/usr/include/misc',
  mtd: '/usr/include/mtd',
  rdma: '/usr/include/rdma',
  sound: '/usr/include/sound',
  // Macros only, of the BSDs, in need of no other header.
  'sys/queue.h': '/usr/include/x86_64-linux-gnu/sys/queue.h',
  video: '/usr/include/video',
  xen: '/usr/include/xen',
};

/** Links them into a sysroot's include folder. */
export function moreHeaders(include) {
  for (const [name, path] of Object.entries(paths))
    if (existsSync(path)) symlinkSync(path, join(include, name));
}
