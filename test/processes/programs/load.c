// A static program that asks for libraries.
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
  const char *names[] = {"libz.so.1", "/usr/lib/none.so", 0};
  for (int i = 0; i < 3; i++) {
    printf("%d ", !dlopen(names[i], RTLD_NOW));
    printf("%s\n", dlerror());
  }
  printf("%d ", !dlsym(RTLD_DEFAULT, "puts"));
  printf("%s\n", dlerror());
  return 0;
}
