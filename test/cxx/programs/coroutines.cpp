// Coroutines: frames on the heap, resumption from elsewhere, exceptions out of them, symmetric transfer.
#include <coroutine>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

template <class T> struct Generator {
  struct promise_type {
    std::optional<T> value;
    std::exception_ptr error;
    Generator get_return_object() { return Generator(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(T v) { value = std::move(v); return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
  explicit Generator(std::coroutine_handle<promise_type> h) : handle(h) {}
  Generator(Generator &&other) : handle(std::exchange(other.handle, {})) {}
  ~Generator() { if (handle) handle.destroy(); }
  bool next() {
    handle.resume();
    if (handle.promise().error) std::rethrow_exception(handle.promise().error);
    return !handle.done();
  }
  T &value() { return *handle.promise().value; }
};

static Generator<long> fibonacci(int count) {
  long a = 0, b = 1;
  for (int i = 0; i < count; i++) {
    co_yield a;
    a = std::exchange(b, a + b);
  }
}
static Generator<std::string> words(std::vector<std::string> list) {
  std::string prefix = "a prefix that needs the heap: ";
  for (auto &word : list) {
    if (word.empty()) throw std::invalid_argument("empty word");
    co_yield prefix + word;
  }
}

struct Task {
  struct promise_type {
    int result = 0;
    std::coroutine_handle<> caller = std::noop_coroutine();
    Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept { return h.promise().caller; }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(int n) { result = n; }
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) { handle.promise().caller = h; return handle; }
  int await_resume() { int n = handle.promise().result; handle.destroy(); return n; }
};
static Task depth(int n) {
  if (n == 0) co_return 1;
  int below = co_await depth(n - 1);
  co_return below * 3 % 10007 + n;
}

int main() {
  auto numbers = fibonacci(40);
  long last = 0;
  while (numbers.next()) last += numbers.value();
  std::cout << last << '\n';
  auto texts = words({"x", "yy", "", "z"});
  try {
    while (texts.next()) std::cout << texts.value() << '\n';
  } catch (const std::invalid_argument &e) {
    std::cout << e.what() << '\n';
  }
  Task task = depth(200);
  task.handle.resume();
  std::cout << task.handle.promise().result << '\n';
  task.handle.destroy();
  std::vector<int> list{1, 2, 3, 4, 5, 6};
  for (int n : list | std::views::filter([](int n) { return n % 2; }) | std::views::transform([](int n) { return n * n; }))
    std::cout << n << ' ';
  std::span<int> part(list.data() + 1, 3);
  part[0] = 9;
  std::cout << list[1] << std::endl;
}
