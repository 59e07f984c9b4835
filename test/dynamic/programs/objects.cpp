// C++ that asks of its library nothing but objects' memory, exceptions and guards: all is known, so all is claimed.
#include <cstdio>
#include <cstdlib>
#include <new>

struct Base {
  virtual ~Base() { std::printf("gone\n"); }
  virtual int value() const = 0;
};
struct Number : Base {
  explicit Number(int n) : n(n) {}
  int value() const override { return n; }
  int n;
};
struct alignas(64) Wide {
  char bytes[200];
};
struct Failure {
  int code;
};

static Base &once() {
  static Number guarded(std::rand() >= 0 ? 5 : 6);
  return guarded;
}
static int compare(const void *a, const void *b) {
  if (*static_cast<const int *>(a) == 3) throw Failure{*static_cast<const int *>(b)};
  return 1;
}

int main() {
  Base *one = new Number(once().value());
  std::printf("%d %d\n", one->value(), dynamic_cast<Number *>(one) != nullptr);
  Wide *wide = new Wide[3];
  wide[2].bytes[199] = 7;
  int *none = new (std::nothrow) int(9);
  int numbers[] = {1, 2, 3, 4};
  try {
    std::qsort(numbers, 4, sizeof *numbers, compare);
  } catch (const Failure &failure) {
    std::printf("caught %d\n", failure.code);
  }
  delete[] wide;
  delete one;
  std::printf("%d\n", *none);
}
