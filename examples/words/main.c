#include "words.h"
#include <stdio.h>

int main(int argc, char **argv) {
    struct word *list = NULL;
    for (int i = 1; i < argc; i++) list = words_add(list, argv[i]);
    for (; list != NULL; list = list->next) printf("%s %u\n", list->text, list->count);
    return 0;
}
