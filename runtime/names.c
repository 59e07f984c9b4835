/* Names of system calls and ioctl requests, for messages and the report. Offsets in place of pointers, which would need relocation. */
#include "mr.h"

/* Of a call that is packed into another one there may be two with one name. */
struct call_names {
  char none;
#define X(name, number, ...) char x_##name[sizeof #name];
#define NEWER(name, number, ...) X(name, number, __VA_ARGS__)
#define PACKED(name, number, ...) char packed_##name[sizeof #name];
#include "syscalls.def"
#undef X
#undef PACKED
};
static const struct call_names call_names = {
#define X(name, number, ...) .x_##name = #name,
#define PACKED(name, number, ...) .packed_##name = #name,
#include "syscalls.def"
#undef X
#undef PACKED
};
static const uint16_t call_offsets[MR_ROWS] = {
#define X(name, number, ...) [number] = offsetof(struct call_names, x_##name),
#define PACKED(name, number, ...) [number] = offsetof(struct call_names, packed_##name),
#include "syscalls.def"
};

const char *mr_call_name(word nr) {
  word at = nr < MR_ROWS ? call_offsets[nr] : 0;
  return at ? (const char *)&call_names + at : 0;
}

#define I(name, number, size) U(name, number)
struct ioctl_names {
#define U(name, number) char x_##name[sizeof #name];
#include "ioctls.def"
#undef U
};
static const struct ioctl_names ioctl_names = {
#define U(name, number) .x_##name = #name,
#include "ioctls.def"
#undef U
};
static const struct { u32 request, offset; } ioctl_offsets[] = {
#define U(name, number) {number, offsetof(struct ioctl_names, x_##name)},
#include "ioctls.def"
};

const char *mr_ioctl_name(word request) {
  for (word i = 0; i < sizeof ioctl_offsets / sizeof *ioctl_offsets; i++)
    if (ioctl_offsets[i].request == (u32)request) return (const char *)&ioctl_names + ioctl_offsets[i].offset;
  return 0;
}
