// How the launcher finds the helper, starts it, and talks with it. Whatever goes wrong here is no error: the work is then done without it.
#define _GNU_SOURCE
#include "channel.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// The helper says every 2 s that it is alive, also while it works; it may have to be started first, on a busy machine.
enum { silence_ms = 15000, listen_fd = 3, most_waiting = 128 };

void *need(void *memory) {
    if (memory != NULL) return memory;
    static const char text[] = "mirrorcc: error: out of memory\n";
    write_all(2, text, sizeof text - 1);
    _exit(1);
}

char *format(const char *pattern, ...) {
    va_list list;
    char *text = NULL;
    va_start(list, pattern);
    if (vasprintf(&text, pattern, list) < 0) need(NULL);
    va_end(list);
    return text;
}

void bytes_add(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->length + length > bytes->room) {
        bytes->room = 2 * (bytes->length + length);
        bytes->data = need(realloc(bytes->data, bytes->room));
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

void bytes_add_string(struct bytes *bytes, const char *string) {
    bytes_add(bytes, string, strlen(string) + 1);
}

bool bytes_read(struct bytes *bytes, int file) {
    char part[1 << 16];
    for (;;) {
        ssize_t got = read(file, part, sizeof part);
        if (got == 0) return true;
        if (got > 0) bytes_add(bytes, part, (size_t)got);
        else if (errno != EINTR) return false;
    }
}

bool write_all(int file, const void *data, size_t length) {
    const char *from = data;
    while (length > 0) {
        ssize_t put = write(file, from, length);
        if (put > 0) {
            from += put;
            length -= (size_t)put;
        } else if (put < 0 && errno != EINTR) return false;
    }
    return true;
}

static struct sockaddr_un name;

// It hangs, or the machine is too busy for it: nobody else shall wait, nor the assembler that this run starts.
static bool silent(void) {
    unlink(name.sun_path);
    setenv("MIRROR_HELPER", "0", 1);
    return false;
}

static bool send_all(int channel, const void *data, size_t length) {
    const char *from = data;
    while (length > 0) {
        struct pollfd waiting = {.fd = channel, .events = POLLOUT};
        int ready = poll(&waiting, 1, silence_ms);
        if (ready == 0) return silent();
        if (ready < 0 && errno != EINTR) return false;
        ssize_t put = send(channel, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) {
            from += put;
            length -= (size_t)put;
        } else if (put < 0 && errno != EINTR && errno != EAGAIN) return false;
    }
    return true;
}

static bool receive_all(int channel, void *data, size_t length) {
    char *to = data;
    while (length > 0) {
        struct pollfd waiting = {.fd = channel, .events = POLLIN};
        int ready = poll(&waiting, 1, silence_ms);
        if (ready == 0) return silent();
        if (ready < 0 && errno != EINTR) return false;
        ssize_t got = recv(channel, to, length, MSG_DONTWAIT);
        if (got > 0) {
            to += got;
            length -= (size_t)got;
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) return false;
    }
    return true;
}

bool channel_send(int channel, char type, const void *payload, size_t length) {
    if (length > UINT32_MAX) return false;
    uint32_t size = (uint32_t)length;
    char head[5] = {type};
    memcpy(head + 1, &size, sizeof size);
    return send_all(channel, head, sizeof head) && send_all(channel, payload, length);
}

bool channel_receive(int channel, struct message *message) {
    do {
        char head[5];
        uint32_t size;
        if (!receive_all(channel, head, sizeof head)) return false;
        memcpy(&size, head + 1, sizeof size);
        message->type = head[0];
        message->length = size;
        message->payload = need(malloc((size_t)size + 1));
        if (!receive_all(channel, message->payload, size)) return false;
        message->payload[size] = '\0';
    } while (message->type == 'h');
    return true;
}

static void mix(uint64_t *hash, const void *data, size_t length) {
    for (const unsigned char *at = data; length > 0; length--) *hash = (*hash ^ *at++) * 0x100000001b3;
}

static bool mix_file(uint64_t *hash, const char *path) {
    struct stat facts;
    if (stat(path, &facts) != 0) return false;
    mix(hash, &facts.st_dev, sizeof facts.st_dev);
    mix(hash, &facts.st_ino, sizeof facts.st_ino);
    return true;
}

// A folder that nobody else can reach. Anything strange about it, and there is no helper.
static char *private_folder(void) {
    const char *runtime = getenv("XDG_RUNTIME_DIR"), *temporary = getenv("TMPDIR");
    struct stat facts;
    char *folder;
    if (runtime != NULL && runtime[0] == '/' && stat(runtime, &facts) == 0 && facts.st_uid == geteuid())
        folder = format("%s/mirrorasm", runtime);
    else
        folder = format("%s/mirrorasm-%u", temporary != NULL && temporary[0] == '/' ? temporary : "/tmp", geteuid());
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return NULL;
    if (lstat(folder, &facts) != 0 || !S_ISDIR(facts.st_mode) || facts.st_uid != geteuid() || (facts.st_mode & 077) != 0)
        return NULL;
    return folder;
}

// One helper for each installation, version, view of the file system and priority: what it does must not depend on who started it.
static bool name_socket(const char *dist, const char *folder) {
    uint64_t hash = 0xcbf29ce484222325;
    int nice = getpriority(PRIO_PROCESS, 0);
    mix(&hash, BUILD, sizeof BUILD);
    mix(&hash, dist, strlen(dist));
    mix(&hash, &nice, sizeof nice);
    if (!mix_file(&hash, "/") || !mix_file(&hash, "/proc/self/ns/mnt")) return false;
    name = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path, sizeof name.sun_path, "%s/%016llx", folder, (unsigned long long)hash);
    return length > 0 && (size_t)length < sizeof name.sun_path;
}

static int connect_to_helper(void) {
    int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (channel < 0) return -1;
    if (connect(channel, (const struct sockaddr *)&name, sizeof name) == 0 &&
        getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid())
        return channel;
    close(channel);
    return -1;
}

// In the child: nothing of the build may stay with the helper, neither its files (pipes of make, a terminal), nor its folder, nor its secrets.
static void become_helper(const char *dist, int listener) {
    char *script = format("%s/libexec/helper.js", dist);
    const char *search = getenv("PATH"), *home = getenv("HOME");
    char *environment[] = {format("PATH=%s", search != NULL ? search : "/usr/bin:/bin"),
                           format("HOME=%s", home != NULL ? home : "/"), NULL};
    int null = open("/dev/null", O_RDWR);
    if (setsid() < 0 || null < 0 || chdir("/") != 0) _exit(1);
    // Above all that is put in place now.
    listener = fcntl(listener, F_DUPFD, 64);
    if (listener < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(1);
    if (dup2(listener, listen_fd) < 0) _exit(1);
    if (syscall(SYS_close_range, listen_fd + 1, ~0U, 0) != 0)
        for (long file = listen_fd + 1, most = sysconf(_SC_OPEN_MAX); file < most; file++) close((int)file);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    execvpe("node", (char *[]){"node", script, name.sun_path, NULL}, environment);
    _exit(1);
}

// Listens already when the helper is started, so that clients only have to connect, and one that cannot start is noticed at once.
static bool start(const char *dist) {
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return false;
    unlink(name.sun_path);
    bool listening = bind(listener, (const struct sockaddr *)&name, sizeof name) == 0 && listen(listener, most_waiting) == 0;
    pid_t child = listening ? fork() : -1;
    if (child == 0) {
        pid_t helper = fork();
        if (helper == 0) become_helper(dist, listener);
        _exit(helper > 0 ? 0 : 1);
    }
    close(listener);
    if (child < 0) return false;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    return true;
}

int channel_open(const char *dist) {
    const char *wanted = getenv("MIRROR_HELPER"), *node = getenv("NODE_OPTIONS");
    if ((wanted != NULL && strcmp(wanted, "0") == 0) || (node != NULL && node[0] != '\0') || getuid() != geteuid()) return -1;
    char *folder = private_folder();
    if (folder == NULL || !name_socket(dist, folder)) return -1;
    int channel = connect_to_helper();
    if (channel >= 0) return channel;
    int lock = open(format("%s/lock", folder), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) return -1;
    channel = connect_to_helper(); // another one may have started it meanwhile
    if (channel < 0 && start(dist)) channel = connect_to_helper();
    close(lock);
    return channel;
}
