/* Records what a program does to the files below $RECORD_ROOT, in order, into $RECORD_LOG. Loaded with LD_PRELOAD.
 *
 * A record is: kind (1 byte), inode (8), offset or size (8), length of what follows (8), and that. All little-endian.
 *   W data was written at offset      T the file was cut to size      S the file or folder was synced
 *   C path of a new file              R old path, NUL, new path       U path that was unlinked
 *   M a mark: what was written to $RECORD_MARKS, which is no file of the disk that is recorded
 *
 * record_fail_at(n, error) makes the n-th call from then on that touches such a file fail once with that error;
 * record_seen() tells how many calls there were since. They work without $RECORD_LOG, too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -2;
static const char *root, *marks;

static void ready(void) {
    if (log_fd != -2) return;
    root = getenv("RECORD_ROOT");
    marks = getenv("RECORD_MARKS");
    const char *path = getenv("RECORD_LOG");
    if (root && !root[0]) root = NULL;
    log_fd = root && path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static long seen, fail_at;
static int fail_with;

void record_fail_at(long n, int error) {
    pthread_mutex_lock(&lock);
    seen = 0;
    fail_at = n;
    fail_with = error;
    pthread_mutex_unlock(&lock);
}

long record_seen(void) { return seen; }

/* Whether this call is the one to fail; errno is set then. */
static int fails(void) {
    if (++seen != fail_at) return 0;
    errno = fail_with;
    return 1;
}

static int below(const char *path) {
    ready();
    return root && strncmp(path, root, strlen(root)) == 0;
}

static void put(char kind, uint64_t inode, uint64_t at, const void *data, uint64_t size) {
    if (log_fd < 0) return;
    char head[25];
    head[0] = kind;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &at, 8);
    memcpy(head + 17, &size, 8);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)data, size}};
    syscall(SYS_writev, log_fd, parts, 2);
}

/* The path of a descriptor if it lies below the root; its inode. */
static int inside(int fd, char *path, uint64_t *inode) {
    ready();
    if (!root || fd == log_fd) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4095);
    if (n <= 0) return 0;
    path[n] = 0;
    struct stat st;
    if (syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) != 0) return 0;
    *inode = st.st_ino;
    if (marks && strcmp(path, marks) == 0) return 2;
    return strncmp(path, root, strlen(root)) == 0;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int fd_fails(int fd) {
    char path[4096];
    uint64_t inode;
    return inside(fd, path, &inode) == 1 && fails();
}

static void wrote(int fd, uint64_t at, const void *data, uint64_t size) {
    char path[4096];
    uint64_t inode;
    int where = inside(fd, path, &inode);
    if (where == 2) put('M', 0, 0, data, size);
    else if (where) put('W', inode, at, data, size);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    pthread_mutex_lock(&lock);
    ssize_t n = fd_fails(fd) ? -1 : real(fd, data, size);
    if (n > 0) {
        off_t after = lseek(fd, 0, SEEK_CUR);
        if (after >= 0) wrote(fd, (uint64_t)(after - n), data, (uint64_t)n);
    }
    pthread_mutex_unlock(&lock);
    return n;
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, off_t at) { \
        REAL(name); \
        pthread_mutex_lock(&lock); \
        ssize_t n = fd_fails(fd) ? -1 : real(fd, data, size, at); \
        if (n > 0) wrote(fd, (uint64_t)at, data, (uint64_t)n); \
        pthread_mutex_unlock(&lock); \
        return n; \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define FTRUNCATE(name) \
    int name(int fd, off_t size) { \
        REAL(name); \
        pthread_mutex_lock(&lock); \
        int done = fd_fails(fd) ? -1 : real(fd, size); \
        char path[4096]; \
        uint64_t inode; \
        if (done == 0 && inside(fd, path, &inode) == 1) put('T', inode, (uint64_t)size, "", 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define TRUNCATE(name) \
    int name(const char *path, off_t size) { \
        REAL(name); \
        pthread_mutex_lock(&lock); \
        int done = below(path) && fails() ? -1 : real(path, size); \
        struct stat st; \
        if (done == 0 && below(path) && stat(path, &st) == 0) \
            put('T', st.st_ino, (uint64_t)size, "", 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
TRUNCATE(truncate)
TRUNCATE(truncate64)

#define SYNC(name) \
    int name(int fd) { \
        REAL(name); \
        pthread_mutex_lock(&lock); \
        int done = fd_fails(fd) ? -1 : real(fd); \
        char path[4096]; \
        uint64_t inode; \
        if (done == 0 && inside(fd, path, &inode) == 1) put('S', inode, 0, path, strlen(path)); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
        } \
        pthread_mutex_lock(&lock); \
        struct stat st; \
        int mine = below(path); \
        int fresh = mine && (flags & O_CREAT) && stat(path, &st) != 0; \
        int cut = mine && !fresh && (flags & O_TRUNC); \
        int fd = mine && fails() ? -1 : real(path, flags, mode); \
        if (fd >= 0 && (fresh || cut) && stat(path, &st) == 0) { \
            if (fresh) put('C', st.st_ino, 0, path, strlen(path)); \
            else put('T', st.st_ino, 0, "", 0); \
        } \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

int rename(const char *old, const char *new) {
    REAL(rename);
    pthread_mutex_lock(&lock);
    int done = below(old) && fails() ? -1 : real(old, new);
    if (done == 0 && below(old)) {
        char both[8192];
        size_t a = strlen(old) + 1, b = strlen(new);
        memcpy(both, old, a);
        memcpy(both + a, new, b);
        put('R', 0, 0, both, a + b);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    REAL(unlink);
    pthread_mutex_lock(&lock);
    int done = below(path) && fails() ? -1 : real(path);
    if (done == 0 && below(path)) put('U', 0, 0, path, strlen(path));
    pthread_mutex_unlock(&lock);
    return done;
}
