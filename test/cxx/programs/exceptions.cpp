// Exceptions through mirrored frames: the program's, the C++ library's, and qsort's of the C library.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

#define NOINLINE __attribute__((noinline))

static std::string trace;

struct Guard {
  const char *name;
  explicit Guard(const char *name) : name(name) { trace += std::string("+") + name; }
  ~Guard() { trace += std::string("-") + name; }
};

struct Base : virtual std::exception {
  int code = 1;
};
struct Left : virtual Base {};
struct Right : virtual Base {};
struct Both : Left, Right {
  const char *what() const noexcept override { return "both"; }
};

NOINLINE static int deep(int n, double x) {
  Guard guard("d");
  volatile char block[64];
  block[n] = (char)n;
  if (n == 0) throw std::runtime_error("bottom");
  int r = deep(n - 1, x * 1.5);
  return r + block[n];
}

NOINLINE static void rethrows() {
  try {
    deep(4, 1);
  } catch (const std::logic_error &) {
    std::cout << "wrong handler\n";
  } catch (...) {
    Guard guard("r");
    throw;
  }
}

// A destructor that itself throws and catches while another exception unwinds.
struct Busy {
  ~Busy() {
    int before = std::uncaught_exceptions();
    try {
      throw before;
    } catch (int n) {
      trace += "busy" + std::to_string(n);
    }
  }
};

struct Part {
  Part(int n) : guard("p") { if (n == 3) throw std::out_of_range("part"); }
  Guard guard;
};
struct Whole {
  Part a, b;
  Whole(int n) try : a(n), b(n + 1) {} catch (const std::out_of_range &) { trace += "fn"; }
};

NOINLINE static void withStackArguments(int a, int b, int c, int d, int e, int f, int g, std::string h, double x) {
  int *array = (int *)__builtin_alloca(sizeof(int) * (unsigned)(a + 10));
  array[a] = b + c + d + e + f + g;
  if (array[a] > 10) throw h + std::to_string(array[a]) + std::to_string((int)x);
}

extern "C" int comparator(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  if (x == 13 || y == 13) throw std::invalid_argument("13 compared");
  return (x > y) - (x < y);
}

static void shows(const char *title, const std::function<void()> &body) {
  trace.clear();
  try {
    body();
    std::cout << title << ": returned";
  } catch (const std::exception &e) {
    std::cout << title << ": " << e.what();
  } catch (const std::string &s) {
    std::cout << title << ": string " << s;
  } catch (int n) {
    std::cout << title << ": int " << n;
  } catch (...) {
    std::cout << title << ": other";
  }
  std::cout << ' ' << trace << '\n';
}

int main() {
  shows("deep", [] { deep(6, 2); });
  shows("rethrow", [] { rethrows(); });
  shows("virtual bases", [] {
    try {
      throw Both();
    } catch (Right &r) {
      r.code = 7;
      try {
        throw;
      } catch (Base &b) {
        trace += std::to_string(b.code);
        throw;
      }
    }
  });
  shows("destructors", [] {
    Busy busy;
    Guard guard("g");
    throw 5;
  });
  shows("function try", [] { Whole whole(2); });
  shows("stack arguments", [] { withStackArguments(1, 2, 3, 4, 5, 6, 7, "sum", 2.5); });
  shows("qsort", [] {
    int numbers[] = {5, 1, 9, 13, 2, 8, 4, 0};
    Guard guard("q");
    qsort(numbers, 8, sizeof(int), comparator);
  });
  shows("std::sort", [] {
    std::vector<int> numbers(100);
    for (int i = 0; i < 100; i++) numbers[i] = i * 37 % 101;
    Guard guard("s");
    std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
      if (a + b == 150) throw std::string("150");
      return a < b;
    });
  });
  shows("library", [] { std::vector<int>(3).at(3); });
  shows("string", [] { (void)std::string("abc").substr(5); });
  shows("bad_cast", [] {
    Left left;
    std::exception &e = left;
    (void)dynamic_cast<std::runtime_error &>(e);
  });
  shows("bad_alloc", [] {
    volatile std::size_t much = (std::size_t)-1 / 2 - 64;
    char *volatile block = new char[much];
    delete[] block;
  });
  shows("exception_ptr", [] {
    std::exception_ptr kept;
    try {
      deep(2, 1);
    } catch (...) {
      kept = std::current_exception();
    }
    for (int i = 0; i < 3; i++) try {
        std::rethrow_exception(kept);
      } catch (const std::runtime_error &e) {
        trace += e.what();
      }
  });
  shows("nested", [] {
    try {
      try {
        throw std::runtime_error("inner");
      } catch (...) {
        std::throw_with_nested(std::logic_error("outer"));
      }
    } catch (const std::exception &e) {
      try {
        std::rethrow_if_nested(e);
      } catch (const std::exception &inner) {
        throw std::runtime_error(std::string(e.what()) + inner.what());
      }
    }
  });
  int count = 0;
  for (int i = 0; i < 20000; i++) try {
      if (i % 3 == 0) throw i;
      if (i % 3 == 1) throw std::string("s");
      throw std::make_unique<int>(i);
    } catch (int n) {
      count += n & 1;
    } catch (const std::string &s) {
      count += (int)s.size();
    } catch (const std::unique_ptr<int> &p) {
      count += *p & 1;
    }
  std::cout << count << std::endl;
  std::set_terminate([] {
    std::cout << "terminate" << std::endl;
    std::exit(3);
  });
  auto noexceptCall = []() noexcept { throw 1; };
  noexceptCall();
}
