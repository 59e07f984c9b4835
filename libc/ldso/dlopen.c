/* A static program loads no libraries: musl says so in general, we say which and what to do, since programs print dlerror's text. */
#include <dlfcn.h>
#include "dynlink.h"

static void *refuse(const char *file, int mode)
{
	__dl_seterr("mirrorasm: dlopen(%s): a static program loads no libraries; link what it needs, or build it with --mirror-libc=glibc",
		file ? file : "the program itself");
	return 0;
}

weak_alias(refuse, dlopen);
