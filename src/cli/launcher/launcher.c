// mirrorcc, mirrorc++ and `as` as the user and the compiler call them. Node takes longer to start than a compiler takes for a small file, so
// the work is asked of a helper that stays for a few seconds (../helper); this program runs what the helper says, in its own place: the
// helper touches no file of the user's and starts nothing. Where there is no helper, or it has no answer, the same code is run by
// node in this process.
#define _GNU_SOURCE
#include "channel.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// ROLE: 'c' mirrorcc, 'x' mirrorc++, 'a' as; SCRIPT: the same in JavaScript, in the same folder. BUILD: a hash of all scripts.
static const char role = ROLE;

extern char **environ;
enum { exit_internal = 1, exit_refused = 2 };

static char *dist, *here, *scratch;
// The text that was given to the helper, for the assembler to measure.
static struct bytes given;

static void find_place(void) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) path[length] = '\0';
    else if (realpath((const char *)getauxval(AT_EXECFN), path) == NULL) path[0] = '\0';
    char *end = strrchr(path, '/');
    if (end != NULL) *end = '\0';
    here = format("%s", path);
    end = role == 'a' ? strrchr(path, '/') : NULL;
    if (end != NULL) *end = '\0';
    dist = format("%s", path);
}

static void remove_scratch(void) {
    static const char *const names[] = {"refused", "map"};
    if (scratch == NULL) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(format("%s/%s", scratch, names[i]));
    rmdir(scratch);
    scratch = NULL;
}

// The same without a helper.
static int run_script(char **argv) {
    size_t count = 0;
    while (argv[count] != NULL) count++;
    char **args = need(calloc(count + 2, sizeof *args));
    args[0] = "node";
    args[1] = format("%s/%s", here, SCRIPT);
    for (size_t i = 1; i < count; i++) args[i + 1] = argv[i];
    remove_scratch();
    execvp("node", args);
    fprintf(stderr, "%s: error: cannot run node: %s\n", role == 'a' ? "as" : "mirrorcc", strerror(errno));
    return exit_internal;
}

static bool request(int channel, char **argv) {
    struct bytes bytes = {0};
    char *folder = getcwd(NULL, 0);
    if (folder == NULL) return false;
    bytes_add_string(&bytes, folder);
    bytes_add_string(&bytes, scratch != NULL ? scratch : "");
    size_t count = 0;
    while (argv[count + 1] != NULL) count++;
    bytes_add_string(&bytes, format("%zu", count));
    for (size_t i = 1; i <= count; i++) bytes_add_string(&bytes, argv[i]);
    for (char **variable = environ; *variable != NULL; variable++) bytes_add_string(&bytes, *variable);
    return channel_send(channel, role, bytes.data, bytes.length);
}

// NUL-terminated strings up to an empty one, or to `end`; leaves *at behind them.
static char **strings(char **at, const char *end) {
    size_t count = 0, room = 16;
    char **all = need(calloc(room, sizeof *all));
    while (*at < end && **at != '\0') {
        if (count + 2 > room) all = need(realloc(all, (room *= 2) * sizeof *all));
        all[count++] = *at;
        *at += strlen(*at) + 1;
    }
    if (*at < end) ++*at;
    all[count] = NULL;
    return all;
}

// What a command writes to its standard output.
static bool answer_question(int channel, struct message *question) {
    char *at = question->payload;
    char **args = strings(&at, at + question->length);
    int ends[2], status = -1;
    struct bytes answer = {0};
    posix_spawn_file_actions_t actions;
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    bool started = args[0] != NULL && posix_spawnp(&child, args[0], &actions, NULL, args, environ) == 0;
    close(ends[1]);
    if (!started) return false;
    bool whole = bytes_read(&answer, ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return whole && status == 0 && channel_send(channel, 'd', answer.data, answer.length);
}

// A file of the user's, or standard input, which is kept for the case that node has to read it again.
static bool give_file(int channel, const char *path) {
    struct bytes content = {0};
    bool standard = strcmp(path, "-") == 0;
    int file = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    bool whole = file >= 0 && bytes_read(&content, file);
    if (standard) {
        int copy = memfd_create("input", MFD_CLOEXEC);
        if (copy < 0 || !write_all(copy, content.data, content.length) || lseek(copy, 0, SEEK_SET) != 0 || dup2(copy, 0) < 0) {
            fprintf(stderr, "as: error: cannot keep standard input: %s\n", strerror(errno));
            exit(exit_internal);
        }
    } else if (file >= 0) close(file);
    if (!whole || !channel_send(channel, 'd', content.data, content.length)) return false;
    if (given.data == NULL) given = content;
    else bytes_add(&given, content.data, content.length);
    return true;
}

// The real assembler takes this process, with the rewritten text as its input.
static void assemble(struct message *message) {
    uint32_t length;
    if (message->length < sizeof length) return;
    memcpy(&length, message->payload, sizeof length);
    char *at = message->payload + sizeof length, *text = at + length;
    char **args = strings(&at, text);
    int file = memfd_create("mirrored", MFD_CLOEXEC), input = fcntl(0, F_DUPFD_CLOEXEC, 3);
    size_t size = (size_t)(message->payload + message->length - text);
    if (file < 0 || !write_all(file, text, size) || lseek(file, 0, SEEK_SET) != 0 || dup2(file, 0) < 0) return;
    execvp(args[0], args);
    if (input >= 0) dup2(input, 0);
}

static volatile sig_atomic_t compiler, caught;

static void forward(int number) {
    caught = number;
    if (compiler > 0) kill((pid_t)compiler, number);
}

static char **with_changes(char **changes) {
    size_t count = 0, changed = 0, kept = 0;
    while (environ[count] != NULL) count++;
    while (changes[changed] != NULL) changed++;
    char **all = need(calloc(count + changed + 1, sizeof *all));
    for (size_t i = 0; i < count; i++) {
        bool replaced = false;
        for (size_t j = 0; j < changed && !replaced; j++) {
            size_t name = strcspn(changes[j], "=") + 1;
            replaced = strncmp(environ[i], changes[j], name) == 0;
        }
        if (!replaced) all[kept++] = environ[i];
    }
    memcpy(all + kept, changes, changed * sizeof *changes);
    return all;
}

// Runs the compiler: its exit code, or -1 where it could not be run.
static int compile(char **args, char **changes) {
    static const int forwarded[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART}, old;
    sigset_t set, before, defaults;
    posix_spawnattr_t attributes;
    pid_t child;
    int status;
    sigemptyset(&set);
    sigemptyset(&defaults);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) sigaddset(&set, forwarded[i]);
    sigprocmask(SIG_BLOCK, &set, &before);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        sigaction(forwarded[i], NULL, &old);
        if (old.sa_handler == SIG_IGN) continue;
        sigaction(forwarded[i], &action, NULL);
        sigaddset(&defaults, forwarded[i]);
    }
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &before);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawnp(&child, args[0], NULL, &attributes, args, with_changes(changes));
    if (error == 0) compiler = child;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (error != 0) return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return exit_internal;
    compiler = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : exit_internal;
}

static void end(int code) {
    remove_scratch();
    if (caught != 0) {
        signal(caught, SIG_DFL);
        raise(caught);
    }
    exit(code);
}

// Returns only where node has to do it.
static void drive(int channel, struct message *plan) {
    char *at = plan->payload, *last = at + plan->length;
    char **args = strings(&at, last), **changes = strings(&at, last);
    char *map = at < last ? at : "";
    int code = args[0] != NULL ? compile(args, changes) : -1;
    if (code < 0) return;
    if (code != 0) end(access(format("%s/refused", scratch), F_OK) == 0 ? exit_refused : code);
    // The map says which objects are not mirrored; without a helper to read it the link is made again.
    if (map[0] == '\0' || access(map, F_OK) != 0) end(code);
    struct message verdict;
    if (caught != 0) end(code);
    if (!give_file(channel, map) || !channel_receive(channel, &verdict) || verdict.type != 'e') return;
    write_all(2, verdict.payload, verdict.length);
    end(code);
}

// Runs the assembler on a text: its exit code, or -1 where it could not be run.
static int assemble_beside(char **args, const void *text, size_t length, bool quiet) {
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status, file = memfd_create("text", MFD_CLOEXEC);
    if (file < 0 || !write_all(file, text, length) || lseek(file, 0, SEEK_SET) != 0 || args[0] == NULL) return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, file, 0);
    for (int output = 1; quiet && output <= 2; output++)
        posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(&child, args[0], &actions, NULL, args, environ);
    close(file);
    if (error != 0) return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool send_file(int channel, const char *path) {
    struct bytes content = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool whole = file >= 0 && bytes_read(&content, file);
    if (file >= 0) close(file);
    return whole && channel_send(channel, 'd', content.data, content.length);
}

// The whole of a file or nothing; without content it is removed.
static bool put_file(struct message *message) {
    const char *path = message->payload, *content = path + strlen(path) + 1;
    if (content > path + message->length) return false;
    size_t length = message->length - (size_t)(content - path);
    if (length == 0) return unlink(path) == 0 || errno == ENOENT;
    char *partial = format("%s.%d.partial", path, getpid());
    int file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool whole = file >= 0 && write_all(file, content, length);
    if (file >= 0 && close(file) != 0) whole = false;
    if (whole && rename(partial, path) == 0) return true;
    unlink(partial);
    return false;
}

// As assemble(), and leaves the statistics: the helper gets both objects to measure them, and says what is written. Returns only where node has to do it.
static void assemble_counted(int channel, struct message *message) {
    uint32_t length;
    if (message->length < sizeof length) return;
    memcpy(&length, message->payload, sizeof length);
    char *at = message->payload + sizeof length, *text = at + length;
    char **args = strings(&at, text), **native = strings(&at, text), **names = strings(&at, text);
    const char *folder = getenv("TMPDIR");
    struct stat facts;
    if (names[0] == NULL || names[1] == NULL) return;
    int code = assemble_beside(args, text, (size_t)(message->payload + message->length - text), false);
    if (code < 0) return;
    if (code > 0) end(code);
    bool many = stat(names[0], &facts) == 0 && S_ISDIR(facts.st_mode);
    char *object = format("%s/mirrorasm-native-XXXXXX", folder != NULL && folder[0] == '/' ? folder : "/tmp");
    int made = mkstemp(object);
    if (made < 0) return;
    close(made);
    size_t count = 0;
    while (native[count] != NULL) count++;
    char **measured = need(calloc(count + 3, sizeof *measured));
    memcpy(measured, native, count * sizeof *native);
    measured[count] = "-o";
    measured[count + 1] = object;
    bool known = assemble_beside(measured, given.data, given.length, true) == 0;
    bool sent = channel_send(channel, 'd', many ? "m" : "1", 1) &&
                (known ? send_file(channel, object) : channel_send(channel, 'd', "", 0)) && send_file(channel, names[1]);
    unlink(object);
    if (!sent) return;
    for (struct message next; channel_receive(channel, &next);) {
        if (next.type == 'e') end(0);
        if (next.type != 'w' || !put_file(&next)) return;
    }
}

static void ask_helper(char **argv) {
    int channel = channel_open(dist);
    if (channel < 0 || !request(channel, argv)) return;
    for (struct message message; channel_receive(channel, &message);) {
        switch (message.type) {
        case 'q':
            if (!answer_question(channel, &message)) return;
            break;
        case 'n':
            if (!give_file(channel, message.payload)) return;
            break;
        case 'r': drive(channel, &message); return;
        case 's': assemble_counted(channel, &message); return;
        case 't': assemble(&message); return;
        default: return;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 1) return exit_internal;
    find_place();
    if (role != 'a') {
        const char *folder = getenv("TMPDIR");
        scratch = format("%s/mirrorcc-XXXXXX", folder != NULL && folder[0] == '/' ? folder : "/tmp");
        if (mkdtemp(scratch) == NULL) {
            scratch = NULL;
            return run_script(argv);
        }
    }
    ask_helper(argv);
    return run_script(argv);
}
