/* Mappings that free gives back, kept for the next malloc that wants one of the same size: asking the kernel costs microseconds, mirrored twice as many, and
   pages that are new cost more still. scripts/setup/mallocng.mjs has the calls. All of this runs under the allocator's lock. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "meta.h"

enum { PLACES = 64, MOST = 4 << 20, LARGEST = 2 << 20 /* bytes, of all and of one */, IN_A_ROW = 64 };

static struct { unsigned char *at; size_t len; } kept[PLACES]; /* the oldest first */
static size_t kept_count, kept_bytes;
static unsigned char in_a_row[48];

static void leave(size_t i)
{
	kept_bytes -= kept[i].len;
	kept_count--;
	for (; i < kept_count; i++) kept[i] = kept[i+1];
}

static void drop_oldest(void)
{
	int e = errno;
	munmap(kept[0].at, kept[0].len);
	errno = e;
	leave(0);
}

/* Whether it stays. */
int keep_mapping(void *at, size_t len)
{
	if (len > LARGEST) return 0;
	while (kept_count == PLACES || kept_bytes + len > MOST) drop_oldest();
	kept[kept_count].at = at;
	kept[kept_count++].len = len;
	kept_bytes += len;
	return 1;
}

/* Of at least *len bytes and at most `more` above it; *len becomes what it has. Of what was in a kept one, the bytes that this allocator takes to be 0 in a
   new one become so; slots that begin further on are the caller's. Its contents are not: is_allzero looks at pad[0]. */
void *get_mapping(size_t *len, size_t more)
{
	size_t need = (*len + 4095) & -4096;
	for (size_t i = kept_count; i--; ) {
		if (kept[i].len < need || kept[i].len - need > more) continue;
		unsigned char *p = kept[i].at;
		*len = kept[i].len;
		leave(i);
		p[UNIT-4] = p[*len-4] = 0;
		((struct group *)p)->pad[0] = 1;
		return p;
	}
	for (;;) {
		void *p = mmap(0, *len, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANON, -1, 0);
		if (p != MAP_FAILED || !kept_count) return p;
		while (kept_count) drop_oldest();
	}
}

/* Pages of a freed slot go back to the kernel where many are freed in a row. The lazy MADV_FREE of native programs loses a mirrored one its pages at once:
   whoever gets and frees blocks by turns would pay for all of them each time. */
int give_pages(int sizeclass)
{
	if (in_a_row[sizeclass] == IN_A_ROW) return 1;
	in_a_row[sizeclass]++;
	return 0;
}
void got_slot(int sizeclass)
{
	in_a_row[sizeclass] = 0;
}
