#ifndef WORDS_H
#define WORDS_H
#ifdef __cplusplus
extern "C" {
#endif
struct word {
    struct word *next;
    unsigned count;
    char text[32];
};
struct word *words_add(struct word *list, const char *text);
#ifdef __cplusplus
}
#endif
#endif
