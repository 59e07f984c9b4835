// musl's allocator keeps some of the mappings that it would give back: libc/malloc/mallocng/kept.c, and the places of musl's files that call it.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools.mjs';

const own = join(root, 'libc/malloc/mallocng');

/** What the native build is made from, too. */
export const mallocngFiles = [own, join(root, 'scripts/setup/mallocng.mjs')];

/** File, text that it has once, what stands there instead. */
const edits = [
  [
    'meta.h',
    'struct meta *alloc_meta(void);\n',
    `struct meta *alloc_meta(void);

#define keep_mapping __malloc_keep_mapping
#define get_mapping __malloc_get_mapping
#define give_pages __malloc_give_pages
#define got_slot __malloc_got_slot
__attribute__((__visibility__("hidden"))) int keep_mapping(void *, size_t);
__attribute__((__visibility__("hidden"))) void *get_mapping(size_t *, size_t);
__attribute__((__visibility__("hidden"))) int give_pages(int);
__attribute__((__visibility__("hidden"))) void got_slot(int);
`,
  ],
  [
    'malloc.c',
    'p = mmap(0, needed, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0);\n',
    'p = get_mapping(&needed, 0);\n',
  ],
  [
    'malloc.c',
    `		m->maplen = needed>>12;
`,
    `		if (cnt>1 && ((struct group *)p)->pad[0])
			for (int i=0; i<=cnt; i++) p[UNIT+i*size-4] = 0;
		m->maplen = needed>>12;
`,
  ],
  [
    'malloc.c',
    `		void *p = mmap(0, needed, PROT_READ|PROT_WRITE,
			MAP_PRIVATE|MAP_ANON, -1, 0);
		if (p==MAP_FAILED) return 0;
		wrlock();
`,
    `		wrlock();
		void *p = get_mapping(&needed, needed/8);
		if (p==MAP_FAILED) {
			unlock();
			return 0;
		}
`,
  ],
  [
    'malloc.c',
    `	uint32_t first = try_avail(&ctx.active[sc]);
`,
    `	got_slot(sc);
	uint32_t first = try_avail(&ctx.active[sc]);
`,
  ],
  [
    'malloc.c',
    `	struct meta *g = get_meta(p);
	return g->sizeclass >= 48 ||
		get_stride(g) < UNIT*size_classes[g->sizeclass];
`,
    `	struct meta *g = get_meta(p);
	return !g->mem->pad[0] && (g->sizeclass >= 48 ||
		get_stride(g) < UNIT*size_classes[g->sizeclass]);
`,
  ],
  [
    'free.c',
    `		if (len) {
			int e = errno;
			madvise`,
    `		wrlock();
		if (!give_pages(g->sizeclass)) len = 0;
		unlock();
		if (len) {
			int e = errno;
			madvise`,
  ],
  [
    'free.c',
    `	struct mapinfo mi = nontrivial_free(g, idx);
	unlock();
`,
    `	struct mapinfo mi = nontrivial_free(g, idx);
	if (mi.len && keep_mapping(mi.base, mi.len)) mi.len = 0;
	unlock();
`,
  ],
];

/** Changes the allocator's files in a folder, which may be links. */
export function keepMappings(folder) {
  for (const [name, text, instead] of edits) {
    const path = join(folder, name);
    const parts = readFileSync(path, 'utf8').split(text);
    if (parts.length !== 2) throw new Error(`${path}: not once there: ${text}`);
    rmSync(path);
    writeFileSync(path, parts.join(instead));
  }
  rmSync(join(folder, 'kept.c'), { force: true });
  copyFileSync(join(own, 'kept.c'), join(folder, 'kept.c'));
}
