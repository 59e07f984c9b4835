// The object model: virtual inheritance, thunks, covariant results, dynamic_cast, typeid, pointers to members, construction order, new.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <new>
#include <string>
#include <typeindex>
#include <typeinfo>
#include <vector>
#include <cxxabi.h>

struct Log {
  std::string name;
  explicit Log(std::string n) : name(std::move(n)) { std::printf("[%s", name.c_str()); }
  // std::cout may not be there yet, or no longer.
  ~Log() { std::printf("%s]", name.c_str()); }
};
Log second __attribute__((init_priority(2000)))("second");
Log first __attribute__((init_priority(1000)))("first");
Log third("third");
static int table[16] = {std::rand() & 0, 1, 2};

struct Animal {
  int legs = 4;
  Animal() { std::cout << kind(); }
  virtual ~Animal() { std::cout << kind(); }
  virtual const char *kind() const { return "A"; }
  virtual Animal *twin() const { return new Animal(*this); }
};
struct Swimmer : virtual Animal {
  long depth = 10;
  const char *kind() const override { return "S"; }
  virtual int swim() { return (int)(depth += 1); }
};
struct Flyer : virtual Animal {
  long height = 20;
  const char *kind() const override { return "F"; }
  virtual int fly() { return (int)(height += 2); }
};
struct Duck : Swimmer, Flyer {
  std::string name = "a duck with a name of its own, on the heap";
  const char *kind() const override { return "D"; }
  Duck *twin() const override { return new Duck(*this); }
  int swim() override { return Swimmer::swim() + 100; }
  int fly() override { return Flyer::fly() + 200; }
};

struct Pod {
  int a;
  short b[3];
  unsigned c : 5, d : 12;
};

static int news, deletes;
void *operator new(std::size_t size) {
  news++;
  if (void *p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void *p) noexcept {
  deletes++;
  std::free(p);
}
void operator delete(void *p, std::size_t) noexcept { operator delete(p); }

struct alignas(128) Aligned {
  char bytes[128];
};

template <class T> static std::string nameOf(const T &object) {
  int status;
  char *text = abi::__cxa_demangle(typeid(object).name(), nullptr, nullptr, &status);
  std::string result(text);
  std::free(text);
  return result;
}

int main() {
  std::cout << '\n' << table[1] << '\n';
  {
    Duck duck;
    Flyer *flyer = &duck;
    Swimmer *swimmer = &duck;
    Animal *animal = &duck;
    std::cout << flyer->fly() << ' ' << swimmer->swim() << ' ' << dynamic_cast<Swimmer *>(flyer)->swim() << ' '
              << (dynamic_cast<Duck *>(animal) == &duck) << ' ' << (dynamic_cast<void *>(flyer) == &duck) << '\n';
    Animal *twin = animal->twin();
    twin->legs = 3;
    std::cout << nameOf(*twin) << ' ' << duck.legs << ' ' << dynamic_cast<Duck &>(*twin).name << '\n';
    delete twin;
    int (Flyer::*fly)() = &Flyer::fly;
    long Swimmer::*depth = &Swimmer::depth;
    std::cout << (duck.*fly)() << ' ' << duck.*depth << ' ' << (typeid(*flyer) == typeid(Duck)) << ' '
              << (std::type_index(typeid(Flyer)) == std::type_index(typeid(Swimmer))) << '\n';
  }
  std::cout << '\n';
  Pod pod{};
  pod.c = 21;
  pod.d = 3000;
  pod.b[2] = -7;
  Pod copy = pod;
  copy.d++;
  std::cout << copy.c << ' ' << copy.d << ' ' << copy.b[2] << '\n';

  int before = news;
  std::vector<std::string> strings(50, "a string that does not fit into the object itself");
  strings.resize(200);
  strings.clear();
  strings.shrink_to_fit();
  std::cout << (news - before > 50) << ' ' << (deletes > 50) << '\n';
  Aligned *aligned = new Aligned[3];
  std::memset(aligned, 1, sizeof(Aligned) * 3);
  std::cout << ((unsigned long)aligned % 128) << '\n';
  delete[] aligned;
  alignas(Duck) char place[sizeof(Duck)];
  Duck *placed = new (place) Duck;
  placed->name += "!";
  std::cout << placed->name.size() << '\n';
  placed->~Duck();
  std::cout << (new (std::nothrow) char[16] != nullptr) << '\n';
  std::atexit([] { std::cout << "atexit "; });
  static Log local("static");
  std::cout << std::endl;
}
