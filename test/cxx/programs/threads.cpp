// Threads of the C++ library: mutexes, conditions, futures, thread_local objects, guards of static objects, exceptions across threads.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> made, destroyed;
struct Counted {
  std::string text;
  Counted() : text("thread local object that is longer than a short string") { made++; }
  ~Counted() { destroyed++; }
};
static thread_local Counted local;
static thread_local int plain = 5;

static std::atomic<int> initialised;
struct Slow {
  int value;
  Slow() : value(0) {
    std::this_thread::yield();
    value = 42;
    initialised++;
  }
};
static Slow &slow() {
  static Slow object;
  return object;
}

struct alignas(16) Wide {
  long a, b;
};

int main() {
  std::mutex mutex;
  std::map<int, std::string> shared;
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int t = 0; t < 6; t++)
    threads.emplace_back([&, t] {
      local.text += std::to_string(t);
      plain += t;
      sum += plain + slow().value;
      for (int i = 0; i < 200; i++) {
        std::lock_guard<std::mutex> lock(mutex);
        shared[i] += char('a' + t);
      }
    });
  for (auto &thread : threads) thread.join();
  std::size_t letters = 0;
  for (auto &entry : shared) letters += entry.second.size();
  std::cout << letters << ' ' << sum << ' ' << initialised << ' ' << made << ' ' << destroyed << '\n';

  std::queue<int> queue;
  std::condition_variable ready;
  bool done = false;
  long received = 0;
  std::thread consumer([&] {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      ready.wait(lock, [&] { return done || !queue.empty(); });
      while (!queue.empty()) {
        received += queue.front();
        queue.pop();
      }
      if (done) return;
    }
  });
  for (int i = 0; i < 1000; i++) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      queue.push(i);
    }
    ready.notify_one();
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    done = true;
  }
  ready.notify_all();
  consumer.join();
  std::cout << received << '\n';

  std::vector<std::future<int>> futures;
  for (int i = 0; i < 8; i++)
    futures.push_back(std::async(std::launch::async, [i] {
      if (i % 3 == 2) throw std::runtime_error("future " + std::to_string(i));
      return i * i;
    }));
  for (auto &future : futures) try {
      std::cout << future.get() << ' ';
    } catch (const std::exception &e) {
      std::cout << e.what() << ' ';
    }
  std::cout << '\n';

  std::promise<std::unique_ptr<int>> promise;
  auto result = promise.get_future();
  std::thread([&] { promise.set_value_at_thread_exit(std::make_unique<int>(9)); }).detach();
  std::cout << *result.get() << '\n';

  std::once_flag once;
  int calls = 0;
  std::exception_ptr carried;
  std::shared_mutex readers;
  std::vector<std::thread> more;
  for (int i = 0; i < 4; i++)
    more.emplace_back([&, i] {
      std::call_once(once, [&] { calls++; });
      std::shared_lock<std::shared_mutex> lock(readers);
      if (i == 2) try {
          throw std::out_of_range("carried");
        } catch (...) {
          carried = std::current_exception();
        }
    });
  for (auto &thread : more) thread.join();
  try {
    std::rethrow_exception(carried);
  } catch (const std::out_of_range &e) {
    std::cout << calls << ' ' << e.what() << '\n';
  }

  std::atomic<std::shared_ptr<int>> *unused = nullptr;
  (void)unused;
  std::atomic<double> real{0.5};
  std::atomic_flag flag = ATOMIC_FLAG_INIT;
  std::vector<std::thread> adders;
  long inside = 0;
  for (int i = 0; i < 4; i++)
    adders.emplace_back([&] {
      for (int n = 0; n < 1000; n++) {
        double old = real.load();
        while (!real.compare_exchange_weak(old, old + 1)) {
        }
        while (flag.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        inside++;
        flag.clear(std::memory_order_release);
      }
    });
  for (auto &thread : adders) thread.join();
  std::cout << real << ' ' << inside << std::endl;
}
