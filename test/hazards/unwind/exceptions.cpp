// Exceptions through frames with cleanups, catches by type, rethrow, and calls that may throw with pushed arguments.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>
static int alive;
struct Guard {
  std::string name;
  explicit Guard(const char *n) : name(n) { alive++; }
  Guard(const Guard &other) : name(other.name) { alive++; }
  ~Guard() { alive--; }
};
__attribute__((noinline)) static long deep(long n, long a, long b, long c, long d, long e, long f, long g, long h) {
  Guard guard("deep");
  if (n == 0) throw std::runtime_error("bottom " + std::to_string(a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8));
  if (n == 77) throw n;
  long result = deep(n - 1, b, c, d, e, f, g, h, a);
  return result + guard.name.size();
}
__attribute__((noinline)) static long middle(long n) {
  std::vector<Guard> guards;
  for (int i = 0; i < 5; i++) guards.emplace_back("middle");
  try {
    return deep(n, 1, 2, 3, 4, 5, 6, 7, 8);
  } catch (const long &value) {
    return value;
  } catch (const std::logic_error &) {
    return -1;
  }
}
int main() {
  for (long n = 0; n < 80; n += 7) {
    try {
      std::printf("%ld: %ld\n", n, middle(n));
    } catch (const std::exception &error) {
      std::printf("%ld: %s, alive %d\n", n, error.what(), alive);
    }
    try {
      try {
        std::vector<int>().at(static_cast<std::size_t>(n));
      } catch (...) {
        throw;
      }
    } catch (const std::out_of_range &) {
      std::puts("out of range");
    }
  }
  return alive;
}
