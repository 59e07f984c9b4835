// Stops deep inside: a destructor, called from a stream buffer, from the C++ library's ostream, from a comparator, from the C library's
// qsort, from a std::function, from a virtual method.
#include <cstdlib>
#include <functional>
#include <ostream>
#include <streambuf>
#include <unistd.h>

struct Guard {
  __attribute__((noinline)) ~Guard() {
    write(1, "ready\n", 6);
    for (;;) pause();
  }
};
struct Buffer : std::streambuf {
  int sync() override {
    Guard guard;
    return 0;
  }
};
extern "C" __attribute__((noinline)) int comparator(const void *a, const void *b) {
  Buffer buffer;
  std::ostream out(&buffer);
  out.flush();
  return *(const int *)a - *(const int *)b;
}
struct Runner {
  std::function<void()> body;
  __attribute__((noinline, noclone)) virtual void run() {
    body();
    asm volatile(""); // not a tail call
  }
  virtual ~Runner() = default;
};
int main() {
  Runner *volatile runner = new Runner;
  runner->body = [] {
    int list[] = {3, 1, 2};
    std::qsort(list, 3, sizeof(int), comparator);
  };
  runner->run();
}
