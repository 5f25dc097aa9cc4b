// The few kernel calls and structures that the Glibc module leaves out. Headers only, nothing linked.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/vfs.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
