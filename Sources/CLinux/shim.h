// The few kernel calls and structures that the Glibc module leaves out. Headers only, nothing linked.
// _GNU_SOURCE stays undefined: with it fd_set would differ from the Glibc module's.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/vfs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/stat.h>
#include <spawn.h>
extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *facts);
