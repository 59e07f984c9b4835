// C++ with its whole library: strings, streams, containers, exceptions, threads, locales. All of it is alive when the program ends.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <list>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {
std::string text;
std::map<std::string, std::vector<int>> numbers;
std::unordered_map<int, std::string> names;
std::ostringstream stream;
std::list<std::exception_ptr> kept;
std::shared_ptr<std::deque<std::wstring>> wide;
auto &lock = *new std::mutex;
std::shared_mutex shared;
auto &ready = *new std::condition_variable; // never destroyed: somebody waits
std::once_flag once;
std::atomic<long> sum;
thread_local std::string mine = "of a thread";

struct Failure : std::runtime_error {
  Failure(const std::string &what, int code) : std::runtime_error(what), code(code) {}
  int code;
};
// Destructors run on the way, which is long, and may throw and catch themselves.
struct Guard {
  ~Guard() {
    try {
      throw std::string("inner");
    } catch (const std::string &inner) {
      text += inner[0];
    }
  }
};
void fail(int depth) {
  Guard guard;
  if (depth == 0) throw Failure("deep " + std::string(100, 'x'), 7);
  fail(depth - 1);
}
void exceptions() {
  for (int i = 0; i < 20; i++) {
    try {
      try {
        fail(i);
      } catch (const Failure &failure) {
        if (i % 2) throw;
        std::throw_with_nested(std::logic_error("outer"));
      }
    } catch (const std::exception &) {
      kept.push_back(std::current_exception());
    }
  }
  try {
    (void)numbers.at("none");
  } catch (const std::out_of_range &) {
    text += 'o';
  }
  try {
    (void)std::stoi("no number");
  } catch (const std::invalid_argument &) {
    text += 'i';
  }
}
void strings() {
  for (int i = 0; i < 500; i++) {
    text.append(std::to_string(i)).insert(text.size() / 2, ", ");
    if (i % 7 == 0) text.erase(3, 9);
    numbers[text.substr(text.size() / 2)].assign(static_cast<std::size_t>(i % 13), i);
    names.emplace(i * 37, text.substr(0, static_cast<std::size_t>(i % 60)));
  }
  wide = std::make_shared<std::deque<std::wstring>>();
  for (int i = 0; i < 90; i++) wide->push_back(std::wstring(static_cast<std::size_t>(i), L'w') + std::to_wstring(i));
}
void streams() {
  stream << std::setw(12) << std::setfill('*') << 3.25 << ' ' << std::hex << 255 << std::boolalpha << true << '\n';
  stream.imbue(std::locale(std::locale(), new std::numpunct<char>(1)));
  stream << 1234567.5 << std::put_money("12345");
  std::istringstream in("12 3.5 word\nline of text\n");
  int i = 0;
  double d = 0;
  std::string word, line;
  in >> i >> d >> word >> std::ws;
  std::getline(in, line);
  stream << i << d << word << line;
  const std::string path = "library.tmp";
  {
    std::ofstream out(path);
    for (int k = 0; k < 3000; k++) out << k << ' ' << k * 0.5 << '\n';
  }
  {
    std::fstream file(path);
    long total = 0;
    for (int a, n = 0; n < 3000 && file >> a >> d; n++) total += a + static_cast<long>(d);
    file.clear(), file.seekp(0), file << "overwritten";
    stream << ' ' << total;
  }
  std::remove(path.c_str());
}
long work(int number) {
  std::call_once(once, [] { text += '!'; });
  std::string local(static_cast<std::size_t>(number) + 30, 'l');
  for (int i = 0; i < 400; i++) {
    mine += local[static_cast<std::size_t>(i) % local.size()];
    if (i % 8 == 0) {
      std::unique_lock<std::shared_mutex> all(shared);
      sum += i;
    } else {
      std::shared_lock<std::shared_mutex> some(shared);
      sum++;
    }
    std::lock_guard<std::mutex> guard(lock);
    names[number] += local.substr(0, 1);
  }
  try {
    fail(number);
  } catch (const Failure &failure) {
    return failure.code + static_cast<long>(mine.size());
  }
  return 0;
}
void threads() {
  std::vector<std::thread> all;
  std::vector<std::future<long>> results;
  for (int i = 0; i < 6; i++) results.push_back(std::async(std::launch::async, work, i));
  for (int i = 0; i < 4; i++) all.emplace_back([i] { sum += work(10 + i); });
  for (auto &thread : all) thread.join();
  for (auto &result : results) sum += result.get();
  std::promise<int> promise;
  auto broken = promise.get_future();
  std::thread([promise = std::move(promise)]() mutable { promise.set_exception(std::make_exception_ptr(Failure("far", 3))); }).join();
  try {
    broken.get();
  } catch (const Failure &failure) {
    sum += failure.code;
  }
  // One still waits when the program ends.
  static bool waits = false;
  std::thread([] {
    std::unique_lock<std::mutex> guard(lock);
    waits = true;
    ready.notify_all();
    ready.wait(guard, [] { return !waits; });
  }).detach();
  std::unique_lock<std::mutex> guard(lock);
  ready.wait(guard, [] { return waits; });
}
}

int main() {
  strings();
  streams();
  exceptions();
  threads();
  std::size_t length = 0;
  for (const auto &[key, value] : numbers) length += key.size() + value.size();
  std::cout << text.size() << ' ' << length << ' ' << names.size() << ' ' << wide->back().size() << ' ' << kept.size() << ' ' << sum << '\n'
            << stream.str() << '\n'
            << text.substr(0, 100) << std::endl;
  std::wcout << L"wide" << std::endl;
  std::cerr << mine << '\n';
  std::_Exit(0); // without destructors
}
