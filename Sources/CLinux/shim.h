// The few kernel calls and structures that the Glibc module leaves out. Headers only, nothing linked.
// _GNU_SOURCE stays undefined: with it fd_set would differ from the Glibc module's.
#include <sys/eventfd.h>
#include <sys/vfs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
