// The library itself: streams, strings, containers, algorithms, regular expressions, random numbers, files.
#include <algorithm>
#include <any>
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Circle : Shape {
  double r;
  explicit Circle(double r) : r(r) {}
  double area() const override { return 3.25 * r * r; }
};
struct Box : Shape {
  double a, b;
  Box(double a, double b) : a(a), b(b) {}
  double area() const override { return a * b; }
};

int main() {
  std::map<std::string, std::vector<int>> index;
  for (int i = 0; i < 500; i++) index["key" + std::to_string(i % 37)].push_back(i * i);
  long long sum = 0;
  for (auto &[key, list] : index) sum += std::accumulate(list.begin(), list.end(), 0LL) * (long long)key.size();
  std::cout << index.size() << ' ' << sum << '\n';

  std::unordered_map<int, std::string> names;
  for (int i = 0; i < 1000; i++) names.emplace(i, std::string(i % 40, char('a' + i % 26)));
  for (int i = 0; i < 1000; i += 3) names.erase(i);
  std::size_t letters = 0;
  for (auto &entry : names) letters += entry.second.size();
  std::cout << names.size() << ' ' << letters << ' ' << names[7] << '\n';

  std::mt19937_64 random(12345);
  std::vector<std::uint64_t> numbers(2000);
  for (auto &n : numbers) n = random() % 100000;
  std::sort(numbers.begin(), numbers.end(), std::greater<>());
  std::stable_sort(numbers.begin(), numbers.end(), [](auto a, auto b) { return a % 100 < b % 100; });
  std::cout << numbers.front() << ' ' << numbers[1000] << ' ' << numbers.back() << '\n';

  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 1; i < 6; i++) {
    shapes.push_back(std::make_unique<Circle>(i));
    shapes.push_back(std::make_unique<Box>(i, i + 1));
  }
  double total = 0;
  for (auto &shape : shapes) total += shape->area();
  std::cout << std::fixed << std::setprecision(3) << total << ' ' << std::scientific << total << std::defaultfloat
            << ' ' << std::hex << std::showbase << 255 << std::dec << '\n';

  std::function<int(int)> fibonacci = [&](int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); };
  std::cout << fibonacci(18) << '\n';

  std::string text = "one 22 three 4444 five";
  std::regex word("([a-z]+) ([0-9]+)");
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
    std::cout << it->str(2) << '=' << it->str(1) << ';';
  std::cout << std::regex_replace(text, std::regex("[0-9]+"), "<$&>") << '\n';

  std::stringstream stream("10 0x1f 3.5 word");
  int a;
  std::string hex, rest;
  double d;
  stream >> a >> hex >> d >> rest;
  std::cout << a + std::stoi(hex, nullptr, 16) << ' ' << d << ' ' << rest << ' ' << stream.eof() << '\n';

  std::variant<int, std::string, double> either = "text";
  std::cout << std::visit([](auto &&v) { std::ostringstream o; o << v; return o.str(); }, either) << ' ' << either.index();
  either = 2.5;
  std::any any = std::make_tuple(1, 'x', std::string("tuple"));
  std::optional<std::string> maybe;
  std::cout << ' ' << std::get<double>(either) << ' ' << std::get<2>(std::any_cast<std::tuple<int, char, std::string>>(any))
            << ' ' << maybe.value_or("none") << '\n';

  std::priority_queue<int> heap;
  std::deque<int> both;
  std::list<int> list;
  std::multiset<int> bag;
  for (int i = 0; i < 300; i++) {
    heap.push(i * 7 % 101);
    if (i % 2) both.push_back(i); else both.push_front(i);
    list.push_back(i * 13 % 17);
    bag.insert(i % 10);
  }
  list.sort();
  list.unique();
  std::cout << heap.top() << ' ' << both[150] << ' ' << list.size() << ' ' << bag.count(3) << '\n';

  auto shared = std::make_shared<std::vector<int>>(10, 3);
  std::weak_ptr<std::vector<int>> weak = shared;
  std::cout << weak.lock()->size() << ' ' << shared.use_count();
  shared.reset();
  std::cout << ' ' << weak.expired() << '\n';

  namespace fs = std::filesystem;
  fs::path folder = fs::temp_directory_path() / ("cxx-" + std::to_string(std::random_device{}()));
  fs::create_directories(folder / "inner");
  std::ofstream(folder / "inner" / "file") << "line 1\nline 2\n";
  std::ifstream in(folder / "inner" / "file");
  std::cout << std::string(std::istreambuf_iterator<char>(in), {}) << fs::file_size(folder / "inner" / "file") << '\n';
  in.close();
  std::cout << fs::remove_all(folder) << ' ' << fs::exists(folder) << '\n';

  std::wstring wide = L"w\u00e4";
  std::array<char, 8> bytes{};
  std::copy_n("bytes", 5, bytes.begin());
  std::cout << wide.size() << ' ' << bytes.data() << ' '
            << std::chrono::duration_cast<std::chrono::minutes>(std::chrono::hours(3)).count() << std::endl;
}
