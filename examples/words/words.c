/* Counts words in a list, the last new one first. */
#include "words.h"
#include <stdlib.h>
#include <string.h>

struct word *words_add(struct word *list, const char *text) {
    for (struct word *word = list; word != NULL; word = word->next)
        if (strcmp(word->text, text) == 0) {
            word->count++;
            return list;
        }
    struct word *word = calloc(1, sizeof *word);
    if (word == NULL) abort();
    strncpy(word->text, text, sizeof word->text - 1);
    word->count = 1;
    word->next = list;
    return word;
}
