// Linux's own headers, which the C library does not have: links to those of the Debian package linux-libc-dev (needed by libc6-dev).
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of linux-libc-dev that musl has not; asm/ serves -m32, too. */
const folders = {
  asm: '/usr/include/x86_64-linux-gnu/asm',
  'asm-generic': '/usr/include/asm-generic',
  drm: '/usr/include/drm',
  linux: '/usr/include/linux',
  misc: '/usr/include/misc',
  mtd: '/usr/include/mtd',
  rdma: '/usr/include/rdma',
  sound: '/usr/include/sound',
  video: '/usr/include/video',
  xen: '/usr/include/xen',
};

/** Links them into a sysroot's include folder. */
export function kernelHeaders(include) {
  for (const [name, folder] of Object.entries(folders))
    if (existsSync(folder)) symlinkSync(folder, join(include, name));
}
