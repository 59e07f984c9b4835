#include "words.h"
#include <iostream>
#include <map>
#include <string>

int main(int argc, char **argv) {
    word *list = nullptr;
    for (int i = 1; i < argc; i++) list = words_add(list, argv[i]);
    std::map<std::string, unsigned> sorted;
    for (; list != nullptr; list = list->next) sorted[list->text] = list->count;
    for (const auto &[text, count] : sorted) std::cout << text << ' ' << count << '\n';
}
