// The connection to the helper, and messages over it: one byte of type, 32 bits of length, the payload (../helper/messages.ts).
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct message {
    char type;
    size_t length;
    char *payload; // one NUL more than `length`
};

struct bytes {
    char *data;
    size_t length, room;
};

// A connection to the helper of this installation, which is started where none is there; -1 where that cannot be had.
int channel_open(const char *dist);

// False where the helper is gone or silent. What it says to show that it is alive is taken out.
bool channel_receive(int channel, struct message *message);
bool channel_send(int channel, char type, const void *payload, size_t length);

void bytes_add(struct bytes *bytes, const void *data, size_t length);
void bytes_add_string(struct bytes *bytes, const char *string);
// Reads to the end of the file.
bool bytes_read(struct bytes *bytes, int file);
bool write_all(int file, const void *data, size_t length);

void *need(void *memory);
char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
